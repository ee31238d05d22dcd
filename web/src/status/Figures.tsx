// The few figures that one looks at first.
// Deliberately absent: what is wrong.

import type { Status } from '../api/types.gen';
import { bytesText, countText, lengthText } from '../time/moment';
import classes from './StatusPage.module.css';

export function Figures({ status }: { status: Status }) {
  const rows =
    status.lake.tables.reduce((sum, table) => sum + table.rows, 0) + status.lake.uncommitted_events;
  const bytes = status.lake.tables.reduce((sum, table) => sum + table.bytes, 0);
  const lag = Math.max(0, ...status.sources.map((source) => source.lag_seconds ?? 0));
  const backlog = status.destinations.reduce((sum, one) => sum + one.backlog_events, 0);
  const used = status.journal.bytes_max > 0 ? status.journal.bytes / status.journal.bytes_max : 0;
  const figures: [string, string][] = [
    [countText(rows), 'events in the lake'],
    [bytesText(bytes), 'on disk, compressed'],
    [lengthText(lag), 'furthest behind a provider'],
    [countText(backlog), 'events wait for a destination'],
    [countText(status.journal.dead_letters), 'dead letters'],
  ];
  return (
    <div className={classes.figures}>
      {figures.map(([value, name]) => (
        <div key={name} className={`panel ${classes.figure}`}>
          <b>{value}</b>
          <span>{name}</span>
        </div>
      ))}
      <div className={`panel ${classes.figure}`}>
        <b>{bytesText(status.journal.bytes)}</b>
        <span>of {bytesText(status.journal.bytes_max)} for the journal</span>
        <div className={classes.meter} aria-hidden>
          <div style={{ width: `${Math.max(1, used * 100)}%` }} />
        </div>
      </div>
    </div>
  );
}
