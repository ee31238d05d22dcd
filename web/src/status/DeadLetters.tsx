// What could not be read or delivered: looked at, tried again, or thrown away with a reason.
// Deliberately absent: mending the cause.

import { ActionIcon, Button, Group, Text, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconEye, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { json } from '../api/client';
import { asProblem } from '../api/problem';
import type {
  DeadLetter,
  DeadLetterPage,
  DiscardOutcome,
  ReplayOutcome,
  ReplayRequest,
} from '../api/types.gen';
import { useMay } from '../app/session';
import { agoText } from '../time/moment';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import { DataTable } from '../widgets/DataTable';
import { Dialog } from '../widgets/Dialog';
import { Empty } from '../widgets/Empty';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import classes from './StatusPage.module.css';

const SHOWN = 50;

export function DeadLetters({ total }: { total: number }) {
  const queries = useQueryClient();
  const mayWrite = useMay('analyst');
  const mayDiscard = useMay('administrator');
  const [shown, setShown] = useState<number | null>(null);
  const [discarding, setDiscarding] = useState<number | null>(null);
  const list = useQuery({
    queryKey: ['dead-letters', total],
    queryFn: ({ signal }) => json<DeadLetterPage>(`/api/v1/dead-letters?limit=${SHOWN}`, { signal }),
  });
  const replay = useMutation({
    mutationFn: (which: ReplayRequest) =>
      json<ReplayOutcome>('/api/v1/dead-letters/replay', {
        method: 'POST',
        body: which,
      }),
    onSuccess: (outcome) => {
      notifications.show({
        message: `${outcome.replayed} worked this time, ${outcome.failed} failed again.`,
      });
      void queries.invalidateQueries({ queryKey: ['dead-letters'] });
    },
    onError: (error) => notifications.show({ color: 'red', message: asProblem(error).message }),
  });
  const letters = list.data?.letters ?? [];
  return (
    <Panel
      title="Dead letters"
      flush
      note="what could not be read or delivered, kept with the reason"
      actions={
        letters.length > 0 &&
        mayWrite && (
          <Button
            variant="default"
            size="compact-xs"
            loading={replay.isPending}
            onClick={() => replay.mutate({ all: true })}
          >
            Try all again
          </Button>
        )
      }
    >
      {list.error !== null && <ProblemView problem={asProblem(list.error)} compact />}
      {letters.length === 0 ? (
        <Empty title="None">Everything that came in was read, and everything was delivered.</Empty>
      ) : (
        <DataTable
          label="dead letters"
          rows={letters}
          id={(letter) => String(letter.id)}
          fields={[
            { title: 'When', cell: (letter) => agoText(letter.at, Date.now()) },
            { title: 'Where', cell: (letter) => <span className="foreign">{letter.origin}</span> },
            {
              title: 'Reason',
              cell: (letter) => <span className="foreign">{letter.reason.slice(0, 200)}</span>,
            },
            {
              title: 'Actions',
              cell: (letter) => (
                <Group gap={2} wrap="nowrap">
                  <Act label="Look at it" icon={IconEye} act={() => setShown(letter.id)} />
                  {mayWrite && (
                    <Act
                      label="Try again"
                      icon={IconRefresh}
                      act={() => replay.mutate({ ids: [letter.id] })}
                    />
                  )}
                  {mayDiscard && (
                    <Act label="Throw away" icon={IconTrash} act={() => setDiscarding(letter.id)} />
                  )}
                </Group>
              ),
            },
          ]}
        />
      )}
      <Shown id={shown} close={() => setShown(null)} />
      {discarding !== null && <Discard id={discarding} close={() => setDiscarding(null)} />}
    </Panel>
  );
}

function Act({ label, icon: Shape, act }: { label: string; icon: typeof IconEye; act: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label.toLowerCase()} onClick={act}>
        <Shape size={15} />
      </ActionIcon>
    </Tooltip>
  );
}

function Shown({ id, close }: { id: number | null; close: () => void }) {
  const letter = useQuery({
    queryKey: ['dead-letter', id],
    enabled: id !== null,
    queryFn: ({ signal }) => json<DeadLetter>(`/api/v1/dead-letters/${id}`, { signal }),
  });
  return (
    <Dialog opened={id !== null} onClose={close} title="Dead letter" size="xl">
      <Text size="sm" className="foreign">
        {letter.data?.reason}
      </Text>
      <pre className={`${classes.letter} foreign`}>{letter.data?.raw ?? ''}</pre>
      {letter.data?.raw_encoding === 'base64' && (
        <Text size="xs">Its bytes are no text: this is base64.</Text>
      )}
    </Dialog>
  );
}

function Discard({ id, close }: { id: number; close: () => void }) {
  const queries = useQueryClient();
  const [why, setWhy] = useState('');
  const discard = useMutation({
    mutationFn: () =>
      json<DiscardOutcome>('/api/v1/dead-letters/discard', {
        method: 'POST',
        body: { which: { ids: [id] }, why },
      }),
    onSuccess: () => {
      close();
      void queries.invalidateQueries({ queryKey: ['dead-letters'] });
    },
  });
  return (
    <ConfirmDialog
      title="Throw a dead letter away?"
      act="Throw away"
      ready={why.trim() !== ''}
      busy={discard.isPending}
      error={discard.error}
      confirm={() => discard.mutate()}
      close={close}
    >
      <TextInput
        label="Why"
        description="Who throws it away and why is written down before it is gone."
        value={why}
        onChange={(event) => setWhy(event.currentTarget.value)}
        data-autofocus
      />
    </ConfirmDialog>
  );
}
