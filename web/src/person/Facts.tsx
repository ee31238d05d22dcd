// What is usual for a person: countries, addresses, applications, devices, with how often and since when.
// Deliberately absent: what is new in a session (`sessions`).

import { Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { ask, objects } from '../api/ask';
import { agoText, briefCount } from '../time/moment';
import { type TimeRange, timespan } from '../time/range';
import { Panel } from '../widgets/Panel';
import { AsKql } from './AsKql';
import classes from './Person.module.css';
import { type Fact, factQuery } from './questions';
import { deviceName } from './words';

const SHOWN = 8;

interface Props {
  title: string;
  fact: Fact;
  where: string;
  range: TimeRange;
}

interface Row {
  value: string;
  events: number;
  failures: number;
  first: string;
  more: string;
}

/** Devices that are the same in words are one. */
function merged(rows: Row[]): Row[] {
  const out = new Map<string, Row>();
  for (const row of rows) {
    const same = out.get(row.value);
    if (same === undefined) out.set(row.value, { ...row });
    else {
      same.events += row.events;
      same.failures += row.failures;
      if (row.first < same.first) same.first = row.first;
    }
  }
  return [...out.values()].sort((a, b) => b.events - a.events);
}

export function Facts({ title, fact, where, range }: Props) {
  const query = factQuery(where, fact);
  const answer = useQuery({
    queryKey: ['fact', query, timespan(range)],
    queryFn: ({ signal }) => ask(query, timespan(range), signal),
  });
  const rows = merged(
    (answer.data === undefined ? [] : objects(answer.data)).map((row) => ({
      value: fact === 'Device' ? deviceName(String(row.Device ?? '')) : String(row[fact] ?? ''),
      events: Number(row.Events),
      failures: Number(row.Failures),
      first: String(row.First),
      more: fact === 'Ip' ? String(row.Country ?? '') : '',
    })),
  );
  if (answer.data !== undefined && rows.length === 0) return null;
  const most = rows[0]?.events ?? 1;
  return (
    <Panel
      title={title}
      note={rows.length > 0 && String(rows.length)}
      actions={<AsKql query={query} range={range} />}
    >
      {answer.isPending && <Loader size="xs" />}
      <ul className={classes.facts}>
        {rows.slice(0, SHOWN).map((row) => (
          <li key={row.value}>
            <span className={classes.share} style={{ width: `${(row.events / most) * 100}%` }} aria-hidden />
            {fact === 'Ip' || fact === 'User' ? (
              <Link to={`/person?id=${encodeURIComponent(row.value)}`} className="foreign">
                {row.value}
              </Link>
            ) : (
              <span className="foreign">{row.value}</span>
            )}
            <span className="quiet">{row.more}</span>
            <span className={classes.since}>since {agoText(row.first, Date.now())}</span>
            {row.failures > 0 && <span className={classes.failures}>{briefCount(row.failures)} failed</span>}
            <span className={classes.count}>{briefCount(row.events)}</span>
          </li>
        ))}
      </ul>
      {rows.length > SHOWN && <span className="quiet">and {rows.length - SHOWN} more</span>}
    </Panel>
  );
}
