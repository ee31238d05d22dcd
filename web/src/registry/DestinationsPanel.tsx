// Where events go: state and backlog of each destination; added, tested, paused, changed and removed here, unless the
// configuration file holds it.
// Deliberately absent: forgetting the backlog of removed ones (the command line does).

import { ActionIcon, Badge, Button, Group, Menu, Modal, Select, Stack, TextInput } from '@mantine/core';
import { IconDots, IconPlus } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem } from '../api/problem';
import {
  type Destination,
  dropDestination,
  type Kinds,
  pauseDestination,
  saveDestination,
  testDestination,
  useChange,
  useDestinations,
} from '../api/registry';
import type { DestinationStatus } from '../api/types.gen';
import { destinationState } from '../status/words';
import { agoText, countText } from '../time/moment';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import { DataTable } from '../widgets/DataTable';
import { Empty } from '../widgets/Empty';
import { Lamp } from '../widgets/Lamp';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import { Checks } from './Checks';
import { configuration, missing, type Values } from './fields';
import { SchemaForm } from './SchemaForm';
import { Unused } from './Unused';

interface Props {
  kinds: Kinds | null;
  status: DestinationStatus[];
  now: number;
  mayChange: boolean;
}

export function DestinationsPanel({ kinds, status, now, mayChange }: Props) {
  const destinations = useDestinations();
  const [edited, setEdited] = useState<Destination | 'new' | null>(null);
  const [removed, setRemoved] = useState<string | null>(null);
  const pause = useChange(pauseDestination);
  const drop = useChange(dropDestination);
  // The file's entry comes first, and is the one that is used.
  const known = new Map([...(destinations.data ?? [])].reverse().map((one) => [one.name, one]));
  const unused = (destinations.data ?? []).filter((one) => (one.problems ?? []).length > 0);
  const may = mayChange && kinds !== null && kinds.destinations.length > 0;
  const done = () => {
    drop.reset();
    setRemoved(null);
  };
  const error = pause.error;
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
                if (ours?.managed !== 'registry' || !may) {
                  return (
                    <Badge variant="light" color="gray" tt="none">
                      from the file
                    </Badge>
                  );
                }
                return (
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
        <EditDialog
          kinds={kinds}
          destination={edited === 'new' ? null : edited}
          close={() => setEdited(null)}
        />
      )}
    </Panel>
  );
}

function EditDialog({
  kinds,
  destination,
  close,
}: {
  kinds: Kinds;
  destination: Destination | null;
  close: () => void;
}) {
  const [kind, setKind] = useState(destination?.kind ?? kinds.destinations[0]?.kind ?? '');
  const [name, setName] = useState(destination?.name ?? '');
  const [values, setValues] = useState<Values>({ ...destination?.config });
  const save = useChange(saveDestination);
  const test = useMutation({ mutationFn: testDestination });
  const schema = kinds.destinations.find((one) => one.kind === kind)?.schema ?? {};
  const draft = { name: name.trim(), kind, config: configuration(schema, values) };
  const error = save.error ?? test.error;
  const problem = error === null ? null : asProblem(error);
  const errors = new Map(
    (problem?.parts ?? []).map((part) => [part.path?.replace(/^config\./, '') ?? '', part.message]),
  );
  return (
    <Modal
      opened
      onClose={close}
      title={destination === null ? 'Add a destination' : destination.name}
      size="lg"
    >
      <Stack gap="sm">
        <Group grow>
          <Select
            label="Kind"
            data={kinds.destinations.map((one) => ({ value: one.kind, label: one.title }))}
            value={kind}
            onChange={(value) => setKind(value ?? '')}
            disabled={destination !== null}
            allowDeselect={false}
          />
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            disabled={destination !== null}
            required
          />
        </Group>
        <SchemaForm key={kind} schema={schema} values={values} onChange={setValues} errors={errors} />
        {test.data !== undefined && <Checks checks={test.data.checks} />}
        {problem !== null && <ProblemView problem={problem} compact />}
        <Group justify="end">
          <Button variant="default" onClick={() => test.mutate(draft)} loading={test.isPending}>
            Test
          </Button>
          <Button
            onClick={() => save.mutate({ draft, fresh: destination === null }, { onSuccess: close })}
            loading={save.isPending}
            disabled={draft.name === '' || (destination === null && missing(schema, values).length > 0)}
          >
            Save
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
