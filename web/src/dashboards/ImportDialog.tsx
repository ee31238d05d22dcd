// Brings in a dashboard from a file of ours, or from a Sentinel workbook; says what could not be taken over before it saves.
// Deliberately absent: reading workbooks; the server does.

import { Button, FileButton, List, Stack, Text } from '@mantine/core';
import { IconFile } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { json } from '../api/client';
import { asProblem, Problem } from '../api/problem';
import { createDashboard } from '../api/saved';
import type { Dashboard } from '../api/types.gen';
import { Dialog } from '../widgets/Dialog';
import { ProblemView } from '../widgets/ProblemView';

/** As large as the server takes. */
const FILE_BYTES_MAX = 4_000_000;

interface Read {
  dashboard: Dashboard;
  notes: string[];
}

export function ImportDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const [read, setRead] = useState<Read | null>(null);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const look = useMutation({
    mutationFn: async (file: File) => {
      if (file.size > FILE_BYTES_MAX)
        throw new Problem({
          code: 'page',
          detail: 'the file is larger than 4 MB',
          hint: 'a dashboard never is; is it the right file?',
        });
      let document: unknown;
      try {
        document = JSON.parse(await file.text());
      } catch {
        throw new Problem({
          code: 'page',
          detail: 'the file is no JSON',
          hint: 'export the workbook as gallery template or ARM template',
        });
      }
      return json<Read>('/api/v1/dashboards/import', { method: 'POST', body: document });
    },
    onSuccess: setRead,
  });
  const save = useMutation({
    mutationFn: (dashboard: Dashboard) => createDashboard(dashboard),
    onSuccess: async (id) => {
      await queries.invalidateQueries({ queryKey: ['dashboards'] });
      leave();
      void navigate(`/dashboards/${id}`);
    },
  });
  function leave() {
    setRead(null);
    look.reset();
    close();
  }
  const error = look.error ?? save.error;
  return (
    <Dialog opened={opened} onClose={leave} title="Import a dashboard">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          A dashboard that was exported here, or a Sentinel workbook as JSON (gallery or ARM template).
        </Text>
        <FileButton
          onChange={(file) => file !== null && look.mutate(file)}
          accept="application/json,.json,.workbook"
        >
          {(props) => (
            <Button
              {...props}
              variant="default"
              leftSection={<IconFile size={15} />}
              loading={look.isPending}
            >
              Choose a file
            </Button>
          )}
        </FileButton>
        {error !== null && <ProblemView problem={asProblem(error)} compact />}
        {read !== null && (
          <>
            <Text size="sm">
              <b className="foreign">{read.dashboard.title}</b>, {read.dashboard.tiles.length} tiles
            </Text>
            {read.notes.length > 0 && (
              <List size="sm" className="foreign">
                {read.notes.map((note) => (
                  <List.Item key={note}>{note}</List.Item>
                ))}
              </List>
            )}
            <Button onClick={() => save.mutate(read.dashboard)} loading={save.isPending}>
              Save it
            </Button>
          </>
        )}
      </Stack>
    </Dialog>
  );
}
