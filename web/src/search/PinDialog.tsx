// Puts the query as a tile on a dashboard, a new one or one of ours.
// Deliberately absent: arranging tiles (`dashboards`).

import { Button, Select, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { asProblem } from '../api/problem';
import { createDashboard, loadDashboard, saveDashboard, useDashboards } from '../api/saved';
import { chartKind } from '../charts/options';
import { addTile, emptyDashboard } from '../dashboards/document';
import { Dialog } from '../widgets/Dialog';
import { ProblemView } from '../widgets/ProblemView';
import { useRendered } from './useSearch';

interface Props {
  opened: boolean;
  close: () => void;
  query: string;
}

const NEW = 'a new dashboard';

export function PinDialog({ opened, close, query }: Props) {
  const rendered = useRendered();
  const boards = useDashboards();
  const queries = useQueryClient();
  const [title, setTitle] = useState('');
  const [board, setBoard] = useState<string>(NEW);
  const [name, setName] = useState('');
  const own = (boards.data ?? []).filter((one) => one.managed === 'user');
  const pin = useMutation({
    mutationFn: async () => {
      const kind = chartKind(rendered) ?? 'table';
      const tile = { title, query, kind };
      if (board === NEW) return createDashboard(addTile(emptyDashboard(name), tile));
      const loaded = await loadDashboard(board);
      await saveDashboard(board, addTile(loaded.dashboard, tile), loaded.etag);
      return board;
    },
    onSuccess: async (id) => {
      await queries.invalidateQueries({ queryKey: ['dashboards'] });
      await queries.invalidateQueries({ queryKey: ['dashboard', id] });
      notifications.show({
        message: (
          <>
            Pinned. <a href={`/dashboards/${id}`}>Open the dashboard</a>
          </>
        ),
      });
      close();
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    pin.mutate();
  }
  return (
    <Dialog opened={opened} onClose={close} title="Pin to a dashboard">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Title of the tile"
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
            data-autofocus
            required
          />
          <Select
            label="Dashboard"
            value={board}
            onChange={(value) => setBoard(value ?? NEW)}
            data={[
              { value: NEW, label: 'A new one' },
              ...own.map((one) => ({ value: one.id, label: one.title })),
            ]}
            allowDeselect={false}
          />
          {board === NEW && (
            <TextInput
              label="Its title"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              required
            />
          )}
          {pin.error !== null && <ProblemView problem={asProblem(pin.error)} compact />}
          <Button type="submit" loading={pin.isPending}>
            Pin
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
