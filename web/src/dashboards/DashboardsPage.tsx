// Which dashboards are there? Those that come with the program, and our own; a new one, or one from a file.
// Deliberately absent: a dashboard itself (`DashboardPage`).

import { Button, Loader, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFileImport, IconPlus } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { asProblem } from '../api/problem';
import { createDashboard, useDashboards } from '../api/saved';
import type { DashboardEntry } from '../api/types.gen';
import { useMay } from '../app/session';
import { Dialog } from '../widgets/Dialog';
import { Empty } from '../widgets/Empty';
import { PageHead } from '../widgets/PageHead';
import { ProblemView } from '../widgets/ProblemView';
import { emptyDashboard } from './document';
import { ImportDialog } from './ImportDialog';
import classes from './Tile.module.css';

export default function DashboardsPage() {
  const boards = useDashboards();
  const mayWrite = useMay('analyst');
  const [making, { open: make, close: made }] = useDisclosure();
  const [importing, { open: bring, close: brought }] = useDisclosure();
  const all = boards.data ?? [];
  const own = all.filter((one) => one.managed === 'user');
  const shipped = all.filter((one) => one.managed !== 'user');
  return (
    <>
      <PageHead title="Dashboards" about="Questions that are asked again and again, side by side.">
        {mayWrite && (
          <>
            <Button variant="default" leftSection={<IconFileImport size={15} />} onClick={bring}>
              Import
            </Button>
            <Button leftSection={<IconPlus size={15} />} onClick={make}>
              New dashboard
            </Button>
          </>
        )}
      </PageHead>
      {boards.isPending && <Loader size="sm" mx={24} />}
      {boards.error !== null && (
        <ProblemView problem={asProblem(boards.error)} again={() => void boards.refetch()} />
      )}
      <h2 className={classes.heading}>Come with doorledger</h2>
      <Cards boards={shipped} />
      <h2 className={classes.heading}>Ours</h2>
      {own.length === 0 ? (
        <Empty title="None of our own yet">
          {mayWrite
            ? 'Make one, copy one of those above, or pin a query from Search.'
            : 'An analyst can make one; the address of each can be shared.'}
        </Empty>
      ) : (
        <Cards boards={own} />
      )}
      <NewDialog opened={making} close={made} />
      <ImportDialog opened={importing} close={brought} />
    </>
  );
}

function Cards({ boards }: { boards: DashboardEntry[] }) {
  return (
    <div className={classes.cards}>
      {boards.map((board) => (
        <Link key={board.id} to={`/dashboards/${board.id}`} className={classes.card}>
          <b className="foreign">{board.title}</b>
          <span className="foreign">{board.about}</span>
        </Link>
      ))}
    </div>
  );
}

function NewDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const [title, setTitle] = useState('');
  const navigate = useNavigate();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () => createDashboard(emptyDashboard(title.trim())),
    onSuccess: async (id) => {
      await queries.invalidateQueries({ queryKey: ['dashboards'] });
      void navigate(`/dashboards/${id}?edit=1`);
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    make.mutate();
  }
  return (
    <Dialog opened={opened} onClose={close} title="New dashboard">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Title"
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
            data-autofocus
            required
            maxLength={200}
          />
          {make.error !== null && <ProblemView problem={asProblem(make.error)} compact />}
          <Button type="submit" loading={make.isPending} disabled={title.trim() === ''}>
            Make it
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
