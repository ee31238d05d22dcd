// What the search page shows before anything was asked: ready questions, saved ones, the last ones.
// Deliberately absent: running them (the page does).

import { IconArrowRight, IconHistory, IconStar } from '@tabler/icons-react';
import { useSavedQueries } from '../api/saved';
import { Failures } from './Failures';
import { recent } from './past';
import { BOTH, READY } from './ready';
import { useSchema } from './SchemaTree';
import classes from './Start.module.css';

export function Start({ open }: { open: (query: string, time: string | null) => void }) {
  const schema = useSchema();
  const saved = useSavedQueries();
  const tables = new Set(schema.data?.tables.map((table) => table.name));
  const ready = READY.filter(
    (one) => schema.data === undefined || one.needs.some((table) => tables.has(table)),
  );
  const past = recent().slice(0, 6);
  return (
    <div className={classes.start}>
      {(schema.data === undefined || BOTH.some((table) => tables.has(table))) && <Failures />}
      <h2>What do you want to know?</h2>
      <div className={classes.cards}>
        {ready.map((one) => (
          <button
            type="button"
            key={one.title}
            className={classes.card}
            onClick={() => open(one.query, one.time)}
          >
            <b>{one.title}</b>
            <span>{one.about}</span>
            <IconArrowRight size={16} aria-hidden />
          </button>
        ))}
      </div>
      <div className={classes.lists}>
        {(saved.data ?? []).length > 0 && (
          <section>
            <h3>
              <IconStar size={15} aria-hidden /> Saved
            </h3>
            {(saved.data ?? []).slice(0, 6).map((query) => (
              <button
                type="button"
                key={query.id}
                className={classes.line}
                onClick={() => open(query.text, query.timespan)}
              >
                <b>{query.name}</b>
                <code>{query.text.replace(/\s+/g, ' ').slice(0, 90)}</code>
              </button>
            ))}
          </section>
        )}
        {past.length > 0 && (
          <section>
            <h3>
              <IconHistory size={15} aria-hidden /> Asked before
            </h3>
            {past.map((one) => (
              <button
                type="button"
                key={one.query}
                className={classes.line}
                onClick={() => open(one.query, one.time)}
              >
                <code>{one.query.replace(/\s+/g, ' ').slice(0, 110)}</code>
              </button>
            ))}
          </section>
        )}
      </div>
    </div>
  );
}
