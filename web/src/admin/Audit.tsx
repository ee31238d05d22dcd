// What was done here, by whom, newest first.
// Deliberately absent: what happened at the providers, which is the rest of the app.

import { Button, Loader } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { auditPage } from '../api/access';
import { asProblem } from '../api/problem';
import { momentText, useZone } from '../time/moment';
import { DataTable } from '../widgets/DataTable';
import { Empty } from '../widgets/Empty';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';

export function Audit() {
  const [zone] = useZone();
  const pages = useInfiniteQuery({
    queryKey: ['audit'],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam, signal }) => auditPage(pageParam, signal),
    getNextPageParam: (last) => last.entries.at(-1)?.id ?? null,
  });
  const entries = pages.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <Panel title="Audit" flush note="who did what here">
      {pages.error !== null && <ProblemView problem={asProblem(pages.error)} />}
      {pages.isPending && <Loader size="sm" m="md" />}
      {pages.data !== undefined && entries.length === 0 ? (
        <Empty title="Nothing yet" />
      ) : (
        <DataTable
          label="audit"
          rows={entries}
          id={(one) => String(one.id)}
          fields={[
            {
              title: 'When',
              cell: (one) => <span className="mono">{momentText(`${one.at.slice(0, 19)}Z`, zone)}</span>,
            },
            { title: 'Who', cell: (one) => <b className="foreign">{one.who}</b> },
            { title: 'Role', cell: (one) => one.role },
            { title: 'Did', cell: (one) => one.action.replaceAll('_', ' ') },
            { title: 'To', cell: (one) => <span className="foreign">{one.object}</span> },
            { title: 'Outcome', cell: (one) => one.outcome },
            {
              title: 'Detail',
              cell: (one) => <span className="foreign quiet">{detailText(one.detail)}</span>,
            },
          ]}
        />
      )}
      {pages.hasNextPage && entries.length >= 100 && (
        <Button
          variant="subtle"
          m="sm"
          onClick={() => void pages.fetchNextPage()}
          loading={pages.isFetchingNextPage}
        >
          Older
        </Button>
      )}
    </Panel>
  );
}

function detailText(detail: unknown): string {
  if (detail === null || detail === undefined) return '';
  return (typeof detail === 'string' ? detail : JSON.stringify(detail)).slice(0, 300);
}
