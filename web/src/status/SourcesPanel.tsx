// A line for each source: what it does, its newest event, how fast, how far behind, what is missing.
// Deliberately absent: adding and changing sources (`registry`).

import { useEffect, useRef, useState } from 'react';
import type { SourceStatus } from '../api/types.gen';
import { agoText, countText, lengthText } from '../time/moment';
import { DataTable } from '../widgets/DataTable';
import { Empty } from '../widgets/Empty';
import { Lamp } from '../widgets/Lamp';
import { Panel } from '../widgets/Panel';
import classes from './StatusPage.module.css';
import { rate, sourceName, sourceState } from './words';

export function SourcesPanel({ sources, now }: { sources: SourceStatus[]; now: number }) {
  const rates = useRates(sources, now);
  return (
    <Panel title="Sources" flush>
      {sources.length === 0 ? (
        <Empty title="Nothing is collected yet">
          Add an application: the Applications page asks for what it needs and tests it.
        </Empty>
      ) : (
        <DataTable
          label="sources"
          rows={sources}
          id={(one) => sourceName(one.source)}
          below={(one) =>
            one.trouble !== null && (
              <div className={classes.trouble}>
                <span className="foreign">{one.trouble.message}</span>
                {one.trouble.hint !== '' && <span className="quiet foreign"> — {one.trouble.hint}</span>}
              </div>
            )
          }
          fields={[
            {
              title: 'Source',
              cell: (one) => (
                <span className="foreign">
                  <span className="quiet">{one.source.provider}/</span>
                  <b>{one.source.tenant}</b>
                  <span className="quiet">/{one.source.source}</span>
                </span>
              ),
            },
            {
              title: 'State',
              cell: (one) => {
                const [words, tone] = sourceState(one.state);
                return <Lamp tone={tone}>{words}</Lamp>;
              },
            },
            { title: 'Newest event', cell: (one) => agoText(one.last_event, now), number: true },
            {
              title: 'Behind',
              cell: (one) => (one.lag_seconds === null ? '–' : lengthText(one.lag_seconds)),
              number: true,
            },
            {
              title: 'New a minute',
              cell: (one) => rateText(rates.get(sourceName(one.source)) ?? null),
              number: true,
            },
            { title: 'Stored', cell: (one) => countText(one.stored_events), number: true },
            { title: 'Repeated', cell: (one) => countText(one.duplicate_events), number: true },
            { title: 'Unreadable', cell: (one) => countText(one.rejected_events), number: true },
            {
              title: 'Gaps',
              cell: (one) => (one.gaps > 0 ? <Lamp tone="bad">{countText(one.gaps)}</Lamp> : '0'),
              number: true,
            },
          ]}
        />
      )}
    </Panel>
  );
}

function rateText(rate: number | null): string {
  if (rate === null) return '…';
  return rate >= 10 ? countText(Math.round(rate)) : String(Math.round(rate * 10) / 10);
}

/** Events a minute, from two looks at the counters. */
function useRates(sources: SourceStatus[], now: number): ReadonlyMap<string, number | null> {
  const before = useRef<{ now: number; sources: SourceStatus[] } | null>(null);
  const [rates, setRates] = useState<ReadonlyMap<string, number | null>>(new Map());
  useEffect(() => {
    const last = before.current;
    if (last !== null && last.now === now) return;
    before.current = { now, sources };
    if (last === null) return;
    setRates(
      new Map(
        sources.map((one) => {
          const name = sourceName(one.source);
          return [
            name,
            rate(
              one,
              last.sources.find((other) => sourceName(other.source) === name),
              (now - last.now) / 1000,
            ),
          ];
        }),
      ),
    );
  }, [sources, now]);
  return rates;
}
