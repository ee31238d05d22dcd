// Administrative changes by the person, and to the person.
// Deliberately absent: everything else that happened (`Timeline`).

import { useQuery } from '@tanstack/react-query';
import { ask, objects } from '../api/ask';
import { momentText, useZone } from '../time/moment';
import { type TimeRange, timespan } from '../time/range';
import { DataTable } from '../widgets/DataTable';
import { Empty } from '../widgets/Empty';
import { Lamp } from '../widgets/Lamp';
import { Panel } from '../widgets/Panel';
import { AsKql } from './AsKql';
import { changesQuery, type Known } from './questions';

const SHOWN = 30;

export function Changes({ id, accounts, range }: { id: string; accounts: Known[]; range: TimeRange }) {
  const [zone] = useZone();
  const query = changesQuery(id, accounts);
  const answer = useQuery({
    queryKey: ['changes', query, timespan(range)],
    queryFn: ({ signal }) => ask(query, timespan(range), signal),
  });
  const rows = answer.data === undefined ? [] : objects(answer.data);
  const text = (row: Record<string, unknown>, name: string) => (
    <span className="foreign">{String(row[name] ?? '').slice(0, 200)}</span>
  );
  return (
    <Panel
      title="Changes by and to this person"
      flush
      note={rows.length > SHOWN && `the newest ${SHOWN} of ${rows.length}`}
      actions={<AsKql query={query} range={range} />}
    >
      {rows.length === 0 ? (
        <Empty title="No changes in this time" />
      ) : (
        <DataTable
          label="changes by and to this person"
          rows={rows.slice(0, SHOWN)}
          id={(row) => `${row.TimeGenerated}${row.Event}${row.User}${row.Description}`}
          fields={[
            {
              title: 'When',
              cell: (row) => (
                <span className="mono">
                  {momentText(String(row.TimeGenerated).slice(0, 19).concat('Z'), zone)}
                </span>
              ),
            },
            { title: '', cell: (row) => (row.Direction === 'by' ? 'did' : 'was subject to') },
            {
              title: 'What',
              cell: (row) =>
                text(
                  row,
                  row.Description && !String(row.Description).includes('\n') ? 'Description' : 'Event',
                ),
            },
            { title: 'By', cell: (row) => text(row, 'Actor') },
            { title: 'Tenant', cell: (row) => text(row, 'Tenant') },
            {
              title: 'Outcome',
              cell: (row) => (
                <Lamp tone={row.Outcome === 'failure' ? 'bad' : 'good'}>{String(row.Outcome)}</Lamp>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}
