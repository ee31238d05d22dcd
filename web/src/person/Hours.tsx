// At which hours of the week something happens: a field of 7 × 24, in UTC as the engine counts.
// Deliberately absent: single events.

import { useQuery } from '@tanstack/react-query';
import { ask, objects } from '../api/ask';
import { type TimeRange, timespan } from '../time/range';
import { Panel } from '../widgets/Panel';
import { AsKql } from './AsKql';
import classes from './Person.module.css';
import { hoursQuery } from './questions';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const ORDER = [1, 2, 3, 4, 5, 6, 0];

export function Hours({ where, range }: { where: string; range: TimeRange }) {
  const query = hoursQuery(where);
  const answer = useQuery({
    queryKey: ['hours', query, timespan(range)],
    queryFn: ({ signal }) => ask(query, timespan(range), signal),
  });
  const counts = new Map(
    (answer.data === undefined ? [] : objects(answer.data)).map((row) => [
      `${row.Day} ${row.Hour}`,
      Number(row.Events),
    ]),
  );
  const most = Math.max(1, ...counts.values());
  return (
    <Panel title="Hours of the week" note="UTC" actions={<AsKql query={query} range={range} />}>
      <div className={classes.hours} role="img" aria-label="events by weekday and hour">
        {ORDER.map((day) => (
          <div key={day} className={classes.week}>
            <span>{DAYS[day]}</span>
            {Array.from({ length: 24 }, (_one, hour) => {
              const count = counts.get(`${day} ${hour}`) ?? 0;
              return (
                <i
                  // biome-ignore lint/suspicious/noArrayIndexKey: an hour is its place
                  key={hour}
                  title={`${DAYS[day]} ${hour}:00, ${count} events`}
                  style={
                    count === 0
                      ? undefined
                      : { background: 'var(--dl-accent)', opacity: 0.2 + 0.8 * Math.sqrt(count / most) }
                  }
                />
              );
            })}
          </div>
        ))}
        <div className={classes.week} aria-hidden>
          <span />
          {Array.from({ length: 24 }, (_one, hour) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: an hour is its place
            <em key={hour}>{hour % 6 === 0 ? hour : ''}</em>
          ))}
        </div>
      </div>
    </Panel>
  );
}
