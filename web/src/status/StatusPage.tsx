// Is everything collected, stored and delivered? A line for each source and destination, then journal and lake.
// Deliberately absent: changing anything but dead letters (`registry` does).

import { Loader } from '@mantine/core';
import { asProblem } from '../api/problem';
import { useStatus } from '../api/status';
import type { DestinationStatus, Status } from '../api/types.gen';
import { agoText, bytesText, countText, lengthText } from '../time/moment';
import { DataTable } from '../widgets/DataTable';
import { Empty } from '../widgets/Empty';
import { Lamp } from '../widgets/Lamp';
import { PageHead } from '../widgets/PageHead';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import { DeadLetters } from './DeadLetters';
import { Figures } from './Figures';
import { SourcesPanel } from './SourcesPanel';
import classes from './StatusPage.module.css';
import { destinationState, lightWords } from './words';

export default function StatusPage() {
  const status = useStatus();
  if (status.data === undefined) {
    return (
      <>
        <PageHead title="Status" />
        <div className={classes.page}>
          {status.error === null ? (
            <Loader size="sm" />
          ) : (
            <ProblemView problem={asProblem(status.error)} again={() => void status.refetch()} />
          )}
        </div>
      </>
    );
  }
  const data = status.data;
  const now = Date.parse(data.now);
  const [words, tone] = lightWords(data.light);
  return (
    <>
      <PageHead
        title="Status"
        about={
          <>
            version {data.version}, up for {lengthText((now - Date.parse(data.started)) / 1000)}
          </>
        }
      >
        <Lamp tone={tone}>{words}</Lamp>
      </PageHead>
      <div className={classes.page}>
        <Figures status={data} />
        <Alarms status={data} now={now} />
        <SourcesPanel sources={data.sources} now={now} />
        <Destinations destinations={data.destinations} now={now} />
        <div className={classes.pair}>
          <Panel
            title="Lake"
            flush
            note={`${countText(data.lake.uncommitted_events)} events in memory, queryable and not written yet`}
          >
            {data.lake.trouble !== null && (
              <Trouble message={data.lake.trouble.message} hint={data.lake.trouble.hint} />
            )}
            <DataTable
              label="tables of the lake"
              rows={data.lake.tables}
              id={(table) => table.name}
              fields={[
                { title: 'Table', cell: (table) => <span className="mono">{table.name}</span> },
                { title: 'Rows', cell: (table) => countText(table.rows), number: true },
                { title: 'Files', cell: (table) => countText(table.files), number: true },
                { title: 'Size', cell: (table) => bytesText(table.bytes), number: true },
              ]}
            />
          </Panel>
          <DeadLetters total={data.journal.dead_letters} />
        </div>
      </div>
    </>
  );
}

function Trouble({ message, hint }: { message: string; hint: string }) {
  return (
    <div className={classes.trouble}>
      <span className="foreign">{message}</span>
      {hint !== '' && <span className="quiet foreign"> — {hint}</span>}
    </div>
  );
}

function Alarms({ status, now }: { status: Status; now: number }) {
  const others = status.reasons.filter(
    (reason) => !status.alarms.some((alarm) => reason.endsWith(alarm.message)),
  );
  if (status.alarms.length === 0 && others.length === 0) return null;
  return (
    <Panel title="What is wrong">
      <ul className={classes.alarms}>
        {status.alarms.map((alarm) => (
          <li key={`${alarm.alarm}${alarm.opened}${alarm.message}`} data-light={alarm.light}>
            <div>
              <b className="foreign">
                {alarm.source !== null
                  ? `${alarm.source.provider}/${alarm.source.tenant}/${alarm.source.source}`
                  : (alarm.destination ?? alarm.alarm)}
              </b>{' '}
              <span className="foreign">{alarm.message}</span>
            </div>
            <div className="quiet foreign">
              {alarm.hint}; since {agoText(alarm.opened, now)}
            </div>
          </li>
        ))}
        {others.map((reason) => (
          <li key={reason} data-light={status.light} className="foreign">
            {reason}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Destinations({ destinations, now }: { destinations: DestinationStatus[]; now: number }) {
  return (
    <Panel title="Destinations" flush>
      {destinations.length === 0 ? (
        <Empty title="Nothing is delivered elsewhere">
          A destination in the configuration, or on the Applications page, sends every event on.
        </Empty>
      ) : (
        <DataTable
          label="destinations"
          rows={destinations}
          id={(one) => one.name}
          below={(one) =>
            one.trouble !== null && <Trouble message={one.trouble.message} hint={one.trouble.hint} />
          }
          fields={[
            { title: 'Destination', cell: (one) => <b className="foreign">{one.name}</b> },
            { title: 'Kind', cell: (one) => <span className="quiet">{one.kind.replaceAll('_', ' ')}</span> },
            {
              title: 'State',
              cell: (one) => {
                const [words, tone] = destinationState(one.state);
                return <Lamp tone={tone}>{words}</Lamp>;
              },
            },
            { title: 'Delivered', cell: (one) => countText(one.sent_events), number: true },
            { title: 'Waiting', cell: (one) => countText(one.backlog_events), number: true },
            {
              title: 'Oldest waits',
              cell: (one) =>
                one.oldest_unsent_seconds === null ? '–' : lengthText(one.oldest_unsent_seconds),
              number: true,
            },
            { title: 'Dead letters', cell: (one) => countText(one.dead_letters), number: true },
            { title: 'Last delivery', cell: (one) => agoText(one.last_success, now), number: true },
          ]}
        />
      )}
    </Panel>
  );
}
