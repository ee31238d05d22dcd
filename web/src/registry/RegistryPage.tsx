// Which applications are connected, how they do, and adding more. Where the server has no registry, the page shows what the
// status tells and says where tenants are configured.
// Deliberately absent: the state of journal and lake (`status`).

import { Button, Loader, Text } from '@mantine/core';
import { IconPlugConnected, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/ask';
import { asProblem } from '../api/problem';
import { useKinds, useTenants } from '../api/registry';
import { useStatus } from '../api/status';
import type { ShownTenant } from '../api/types.gen';
import { useMay } from '../app/session';
import { Empty } from '../widgets/Empty';
import { PageHead } from '../widgets/PageHead';
import { ProblemView } from '../widgets/ProblemView';
import { DestinationsPanel } from './DestinationsPanel';
import classes from './Registry.module.css';
import { TenantCard } from './TenantCard';
import { TenantDialog } from './TenantDialog';

const PROVED = 'Ledger\n| summarize Proved = countif(Proved), Hours = count() by Tenant, Source';

function useProved(): ReadonlyMap<string, number> {
  const answer = useQuery({
    queryKey: ['proved'],
    queryFn: ({ signal }) => ask(PROVED, 'P7D', signal),
    staleTime: 60_000,
    retry: false,
  });
  return new Map(
    (answer.data?.rows ?? []).map((row) => [
      `${row[0]}/${row[1]}`,
      Number(row[3]) === 0 ? 0 : Number(row[2]) / Number(row[3]),
    ]),
  );
}

export default function RegistryPage() {
  const status = useStatus();
  const kinds = useKinds();
  const tenants = useTenants();
  const proved = useProved();
  const mayChange = useMay('administrator');
  const [edited, setEdited] = useState<ShownTenant | 'new' | null>(null);
  const may = mayChange && kinds.data !== null && kinds.data !== undefined;
  const sources = status.data?.sources ?? [];
  const now = Date.parse(status.data?.now ?? '') || Date.now();
  const names = new Map<string, { provider: string; name: string }>();
  for (const one of sources)
    names.set(`${one.source.provider}/${one.source.tenant}`, {
      provider: one.source.provider,
      name: one.source.tenant,
    });
  for (const one of tenants.data?.tenants ?? []) names.set(`${one.provider}/${one.name}`, one);
  const error = status.error ?? tenants.error ?? kinds.error;
  return (
    <>
      <PageHead
        title="Applications"
        about="Identity providers whose events are collected, and where these are sent on."
      >
        {may && (
          <Button leftSection={<IconPlus size={15} />} onClick={() => setEdited('new')}>
            Add an application
          </Button>
        )}
      </PageHead>
      <div className={classes.page}>
        {error !== null && <ProblemView problem={asProblem(error)} />}
        {status.isPending && <Loader size="sm" />}
        {kinds.data === null && mayChange && (
          <Text size="sm" c="dimmed">
            Tenants and destinations are written in the configuration file; this page shows them.
          </Text>
        )}
        {names.size === 0 && status.data !== undefined && (
          <Empty icon={IconPlugConnected} title="No application is connected">
            {may
              ? 'Add the first one: the form asks for what it needs, and the test says what is missing.'
              : 'Write a tenant into the configuration file, or ask an administrator.'}
          </Empty>
        )}
        {[...names.entries()]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .flatMap(([key, { provider, name }]) => {
            // The file's entry comes first; one of the registry behind it is not used, and can be removed.
            const same = (tenants.data?.tenants ?? []).filter(
              (one) => one.provider === provider && one.name === name,
            );
            const entries = same.length === 0 ? [null] : same;
            return entries.map((tenant, at) => (
              <TenantCard
                key={`${key} ${tenant?.managed}`}
                provider={provider}
                name={name}
                tenant={tenant}
                isKnown={tenants.data != null}
                sources={
                  at > 0
                    ? []
                    : sources.filter((one) => one.source.provider === provider && one.source.tenant === name)
                }
                facts={{ proved }}
                now={now}
                mayChange={may}
                edit={() => setEdited(tenant)}
              />
            ));
          })}
        {status.data !== undefined && (
          <DestinationsPanel
            kinds={kinds.data ?? null}
            status={status.data.destinations}
            now={now}
            mayChange={mayChange}
          />
        )}
      </div>
      {edited !== null && kinds.data != null && (
        <TenantDialog
          providers={kinds.data.providers}
          tenant={edited === 'new' ? null : edited}
          close={() => setEdited(null)}
        />
      )}
    </>
  );
}
