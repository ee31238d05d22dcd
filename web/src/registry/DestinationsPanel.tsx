// Where events go: state and backlog of each destination; added, tested, paused, changed and removed here, unless the
// configuration file holds it.
// Deliberately absent: forgetting the backlog of removed ones (the command line does).

import { ActionIcon, Badge, Button, Group, Menu, Text } from '@mantine/core';
import { IconDots, IconFlask, IconPlus } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem } from '../api/problem';
import {
  dropDestination,
  pauseDestination,
  testDestination,
  useChange,
  useDestinations,
} from '../api/registry';
import type { DestinationStatus, Kinds, ShownDestination } from '../api/types.gen';
import { destinationState } from '../status/words';
import { agoText, countText } from '../time/moment';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import { DataTable } from '../widgets/DataTable';
import { Empty } from '../widgets/Empty';
import { Lamp } from '../widgets/Lamp';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import { Checks } from './Checks';
import { DestinationDialog } from './DestinationDialog';
import classes from './Registry.module.css';
import { Unused } from './Unused';

interface Props {
  kinds: Kinds | null;
  status: DestinationStatus[];
  now: number;
  mayChange: boolean;
}

export function DestinationsPanel({ kinds, status, now, mayChange }: Props) {
  const destinations = useDestinations();
  const [edited, setEdited] = useState<ShownDestination | 'new' | null>(null);
  const [removed, setRemoved] = useState<string | null>(null);
  const pause = useChange(pauseDestination);
  const drop = useChange(dropDestination);
  const test = useMutation({ mutationFn: (name: string) => testDestination({ name }) });
  // The file's entry comes first, and is the one that is used.
  const known = new Map([...(destinations.data ?? [])].reverse().map((one) => [one.name, one]));
  const unused = (destinations.data ?? []).filter((one) => (one.problems ?? []).length > 0);
  const may = mayChange && kinds !== null && kinds.destinations.length > 0;
  const done = () => {
    drop.reset();
    setRemoved(null);
  };
  const error = pause.error ?? test.error;
  return (
    <Panel
      title="Destinations"
      note="where every event is sent on"
      flush
      actions={
        may && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconPlus size={14} />}
            onClick={() => setEdited('new')}
          >
            Destination
          </Button>
        )
      }
    >
      {error !== null && <ProblemView problem={asProblem(error)} compact />}
      {unused.map((one) => (
        <Unused key={one.name} destination={one} remove={may ? () => drop.mutate(one.name) : undefined} />
      ))}
      {test.data !== undefined && (
        <div className={classes.padded}>
          <Text size="sm" className="foreign">
            {test.variables}
          </Text>
          <Checks checks={test.data.checks} />
        </div>
      )}
      {status.length === 0 ? (
        <Empty title="Events stay here">
          A destination sends every event on, to Azure for example; what it missed is kept and sent later.
        </Empty>
      ) : (
        <DataTable
          label="destinations"
          rows={status}
          id={(one) => one.name}
          fields={[
            { title: 'Name', cell: (one) => <b className="foreign">{one.name}</b>, width: '18%' },
            { title: 'Kind', cell: (one) => one.kind.replaceAll('_', ' ') },
            {
              title: 'State',
              cell: (one) => {
                const [words, tone] = destinationState(one.state);
                return <Lamp tone={tone}>{words}</Lamp>;
              },
            },
            { title: 'Waiting', cell: (one) => countText(one.backlog_events), number: true },
            { title: 'Delivered', cell: (one) => countText(one.sent_events), number: true },
            { title: 'Last delivery', cell: (one) => agoText(one.last_success, now), number: true },
            {
              title: 'Change',
              cell: (one) => {
                const ours = known.get(one.name);
                if (one.state === 'removed') return null;
                const tested = may && (
                  <ActionIcon
                    aria-label={`test ${one.name}`}
                    onClick={() => test.mutate(one.name)}
                    loading={test.isPending && test.variables === one.name}
                  >
                    <IconFlask size={15} />
                  </ActionIcon>
                );
                if (ours?.managed !== 'registry' || !may) {
                  return (
                    <Group gap={4} wrap="nowrap">
                      {tested}
                      <Badge variant="light" color="gray" tt="none">
                        from the file
                      </Badge>
                    </Group>
                  );
                }
                return (
                  <Group gap={4} wrap="nowrap">
                    {tested}
                    <Menu position="bottom-end">
                      <Menu.Target>
                        <ActionIcon aria-label={`change ${one.name}`}>
                          <IconDots size={15} />
                        </ActionIcon>
                      </Menu.Target>
                      <Menu.Dropdown>
                        <Menu.Item onClick={() => setEdited(ours)}>Edit</Menu.Item>
                        <Menu.Item
                          onClick={() => pause.mutate({ name: one.name, pause: one.state !== 'paused' })}
                        >
                          {one.state === 'paused' ? 'Resume' : 'Pause'}
                        </Menu.Item>
                        <Menu.Item color="red" onClick={() => setRemoved(one.name)}>
                          Remove
                        </Menu.Item>
                      </Menu.Dropdown>
                    </Menu>
                  </Group>
                );
              },
            },
          ]}
        />
      )}
      {removed !== null && (
        <ConfirmDialog
          title={`Remove ${removed}?`}
          busy={drop.isPending}
          error={drop.error}
          confirm={() => drop.mutate(removed, { onSuccess: done })}
          close={done}
        >
          Nothing is sent there any more. What it has stays there, and what waits for it is kept until it is
          given up on the command line.
        </ConfirmDialog>
      )}
      {edited !== null && kinds !== null && (
        <DestinationDialog
          kinds={kinds.destinations}
          destination={edited === 'new' ? null : edited}
          close={() => setEdited(null)}
        />
      )}
    </Panel>
  );
}
