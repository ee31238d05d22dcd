// One tenant: its sources with state, newest event, speed, gaps; pause, rotate, change, remove where that may be done here.
// Deliberately absent: the form (`TenantDialog`), and another secret (`Rotate`).

import { ActionIcon, Badge, Button, Menu } from '@mantine/core';
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
import { asProblem, Problem } from '../api/problem';
import { dropTenant, pauseSource, testTenant, useChange } from '../api/registry';
import type { ShownSource, ShownTenant, SourceStatus } from '../api/types.gen';
import { sourceName, sourceState } from '../status/words';
import { agoText, countText, lengthText, momentText, useZone } from '../time/moment';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import { DataTable } from '../widgets/DataTable';
import { Lamp } from '../widgets/Lamp';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import { Checks } from './Checks';
import { PushAddress } from './PushAddress';
import classes from './Registry.module.css';
import { Rotate } from './Rotate';

export interface Facts {
  /** Share of hours proved complete in the last week, by `tenant/source`. */
  proved: ReadonlyMap<string, number>;
}

interface Props {
  provider: string;
  name: string;
  tenant: ShownTenant | null;
  /** Whether the server told which tenants are connected. */
  isKnown: boolean;
  sources: SourceStatus[];
  facts: Facts;
  now: number;
  mayChange: boolean;
  edit: () => void;
}

export function TenantCard({ provider, name, tenant, isKnown, sources, facts, now, mayChange, edit }: Props) {
  const [zone] = useZone();
  const [rotating, setRotating] = useState<ShownSource | null>(null);
  const [removing, setRemoving] = useState(false);
  const pause = useChange(pauseSource);
  const drop = useChange(dropTenant);
  const test = useMutation({ mutationFn: () => testTenant({ provider, name }) });
  const ours = tenant?.managed === 'registry' && mayChange;
  const paused = new Map(tenant?.sources.map((source) => [source.source, source.paused]));
  const addresses = new Map(tenant?.sources.map((source) => [source.source, source.url]));
  const earlierUntil = new Map(
    tenant?.sources.flatMap((source) =>
      source.earlier_until ? [[source.source, momentText(source.earlier_until, zone)] as const] : [],
    ),
  );
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
              {tenant === null && isKnown
                ? 'not connected; what was collected stays'
                : 'from the configuration file, read-only here'}
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
                    onClick={() => setRotating(source)}
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
      {tenant?.problems?.map((one) => (
        <ProblemView
          key={`${one.path}${one.message}`}
          problem={new Problem({ code: 'unusable', detail: `not collected: ${one.message}`, hint: one.hint })}
          compact
        />
      ))}
      {test.data !== undefined && (
        <div className={classes.padded}>
          <Checks checks={test.data.checks} />
        </div>
      )}
      <DataTable
        label={`sources of ${name}`}
        rows={sources}
        id={(one) => sourceName(one.source)}
        below={(one) => {
          const earlier = earlierUntil.get(sourceName(one.source));
          const address = addresses.get(sourceName(one.source));
          if (one.trouble === null && earlier === undefined && !address) return false;
          return (
            <>
              <span className="foreign quiet">
                {one.trouble?.message} {one.trouble?.hint}
                {earlier !== undefined && `The earlier secret is accepted until ${earlier}.`}
              </span>
              {address && <PushAddress url={address} />}
            </>
          );
        }}
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
      {rotating !== null && <Rotate of={rotating} close={() => setRotating(null)} />}
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
