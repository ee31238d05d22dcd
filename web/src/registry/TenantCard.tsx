// One tenant: its sources with state, newest event, speed, gaps; pause, rotate, change, remove where that may be done here.
// Deliberately absent: the form (`TenantDialog`).

import { ActionIcon, Badge, Button, Menu, Modal, NumberInput, PasswordInput, Stack } from '@mantine/core';
import {
  IconDots,
  IconFlask,
  IconKey,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconTrash,
} from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem } from '../api/problem';
import { dropTenant, pauseSource, rotateSource, type Tenant, testTenant, useChange } from '../api/registry';
import type { SourceStatus } from '../api/types.gen';
import { sourceName, sourceState } from '../status/words';
import { agoText, countText, lengthText } from '../time/moment';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import { DataTable } from '../widgets/DataTable';
import { Lamp } from '../widgets/Lamp';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import { Checks } from './Checks';
import classes from './Registry.module.css';
import { ShownOnce } from './ShownOnce';

export interface Facts {
  /** Share of hours proved complete in the last week, by `tenant/source`. */
  proved: ReadonlyMap<string, number>;
}

interface Props {
  provider: string;
  name: string;
  tenant: Tenant | null;
  sources: SourceStatus[];
  facts: Facts;
  now: number;
  mayChange: boolean;
  edit: () => void;
}

export function TenantCard({ provider, name, tenant, sources, facts, now, mayChange, edit }: Props) {
  const [rotating, setRotating] = useState<string | null>(null);
  const [removing, setRemoving] = useState(false);
  const pause = useChange(pauseSource);
  const drop = useChange(dropTenant);
  const test = useMutation({ mutationFn: () => testTenant({ provider, name }) });
  const ours = tenant?.managed === 'registry' && mayChange;
  const paused = new Map(tenant?.sources.map((source) => [source.source, source.paused]));
  const error = pause.error ?? test.error;
  return (
    <Panel
      title={name}
      note={
        <>
          {provider}
          {tenant?.domain ? `, ${tenant.domain}` : ''}
        </>
      }
      flush
      actions={
        <>
          {tenant?.managed !== 'registry' && (
            <Badge variant="light" color="gray" tt="none">
              from the configuration file, read-only here
            </Badge>
          )}
          {tenant !== null && mayChange && (
            <Button
              variant="subtle"
              size="compact-xs"
              leftSection={<IconFlask size={14} />}
              onClick={() => test.mutate()}
              loading={test.isPending}
            >
              Test
            </Button>
          )}
          {ours && (
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={`change ${name}`}>
                  <IconDots size={16} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconPencil size={14} />} onClick={edit}>
                  Edit
                </Menu.Item>
                {tenant.sources.map((source) => (
                  <Menu.Item
                    key={`p${source.name}`}
                    leftSection={source.paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
                    onClick={() => pause.mutate({ source: source.source, pause: !source.paused })}
                  >
                    {source.paused ? 'Resume' : 'Pause'} {source.name}
                  </Menu.Item>
                ))}
                {tenant.sources.map((source) => (
                  <Menu.Item
                    key={`r${source.name}`}
                    leftSection={<IconKey size={14} />}
                    onClick={() => setRotating(source.source)}
                  >
                    Rotate the secret of {source.name}
                  </Menu.Item>
                ))}
                <Menu.Item
                  leftSection={<IconTrash size={14} />}
                  color="red"
                  onClick={() => setRemoving(true)}
                >
                  Remove
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </>
      }
    >
      {error !== null && <ProblemView problem={asProblem(error)} compact />}
      {test.data !== undefined && (
        <div className={classes.padded}>
          <Checks checks={test.data.checks} />
        </div>
      )}
      <DataTable
        label={`sources of ${name}`}
        rows={sources}
        id={(one) => sourceName(one.source)}
        below={(one) =>
          one.trouble !== null && (
            <span className="foreign quiet">
              {one.trouble.message} {one.trouble.hint}
            </span>
          )
        }
        fields={[
          { title: 'Source', cell: (one) => <b>{one.source.source}</b>, width: '14%' },
          { title: 'Way', cell: (one) => (one.via === 'poll' ? 'asked' : 'pushed'), width: '9%' },
          {
            title: 'State',
            width: '22%',
            cell: (one) => {
              const [words, tone] = sourceState(paused.get(sourceName(one.source)) ? 'paused' : one.state);
              return <Lamp tone={tone}>{words}</Lamp>;
            },
          },
          { title: 'Newest event', cell: (one) => agoText(one.last_event, now), number: true },
          {
            title: 'Behind',
            cell: (one) => (one.lag_seconds === null ? '–' : lengthText(one.lag_seconds)),
            number: true,
          },
          { title: 'Stored', cell: (one) => countText(one.stored_events), number: true },
          {
            title: 'Proved, 7 days',
            cell: (one) => provedText(facts.proved.get(`${one.source.tenant}/${one.source.source}`)),
            number: true,
          },
          {
            title: 'Gaps',
            cell: (one) => (one.gaps > 0 ? <Lamp tone="bad">{countText(one.gaps)}</Lamp> : '0'),
            number: true,
          },
        ]}
      />
      {rotating !== null && <Rotate source={rotating} close={() => setRotating(null)} />}
      {removing && (
        <ConfirmDialog
          title={`Remove ${provider}/${name}?`}
          busy={drop.isPending}
          error={drop.error}
          confirm={() => drop.mutate({ provider, name }, { onSuccess: () => setRemoving(false) })}
          close={() => setRemoving(false)}
        >
          It is no longer asked, and what it pushes is refused. What was collected stays.
        </ConfirmDialog>
      )}
    </Panel>
  );
}

function provedText(share: number | undefined): string {
  return share === undefined ? '–' : `${Math.floor(share * 1000) / 10} %`;
}

function Rotate({ source, close }: { source: string; close: () => void }) {
  const [secret, setSecret] = useState('');
  const [hours, setHours] = useState(24);
  const rotate = useChange(rotateSource);
  return (
    <Modal opened onClose={close} title={`Another secret for ${source}`}>
      <Stack gap="sm">
        {rotate.data?.secret ? (
          <ShownOnce made={{ secret: rotate.data.secret }} source={null} />
        ) : (
          <>
            <PasswordInput
              label="New secret"
              description="For a push source, leave it empty to have one made."
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              autoComplete="off"
            />
            <NumberInput
              label="Keep the old one valid, hours"
              min={0}
              max={720}
              value={hours}
              onChange={(value) => setHours(Number(value))}
            />
            {rotate.error !== null && <ProblemView problem={asProblem(rotate.error)} compact />}
            <Button
              loading={rotate.isPending}
              onClick={() =>
                rotate.mutate(
                  { source, keep_old_hours: hours, ...(secret === '' ? {} : { secret }) },
                  { onSuccess: (answer) => answer?.secret === undefined && close() },
                )
              }
            >
              Rotate
            </Button>
          </>
        )}
      </Stack>
    </Modal>
  );
}
