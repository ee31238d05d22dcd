// Asks for the bars above the result, whenever a query was run.
// Deliberately absent: drawing them.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask } from '../api/ask';
import { checkQuery } from '../api/kql';
import type { Column } from '../api/types.gen';
import { eventsPart } from '../kql/pipes';
import { histogramQuery } from '../kql/questions';
import { rangeEnds, rangeText, stepFor, type TimeRange, timespan } from '../time/range';
import { type Bars, barsOf } from './histogram';

/** How many bars cover the stretch, about. */
const BARS = 90;

export interface Asked {
  query: string;
  range: TimeRange;
  /** Counts runs, so that the same query run again asks again. */
  number: number;
}

export function useHistogram(asked: Asked | null) {
  return useQuery({
    queryKey: ['histogram', asked?.query, asked === null ? '' : rangeText(asked.range), asked?.number],
    enabled: asked !== null && asked.query.trim() !== '',
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async ({ signal }): Promise<Bars | null> => {
      if (asked === null) return null;
      const told = await timed(asked.query, signal);
      if (told === null) return null;
      const { events, columns } = told;
      const ends = rangeEnds(asked.range, Date.now()) ?? (await wholeStretch(events, signal));
      if (ends === null) return null;
      const step = stepFor(ends.until - ends.from, BARS);
      const answer = await ask(histogramQuery(events, step.kql, columns), timespan(asked.range), signal);
      return barsOf(answer, ends.from, ends.until, step.ms);
    },
  });
}

/** The events that can be counted over time: as the query leaves them, or as they are in their table. */
async function timed(
  query: string,
  signal: AbortSignal,
): Promise<{ events: string; columns: Column[] } | null> {
  for (const events of new Set([eventsPart(query, true), eventsPart(query)])) {
    const { columns } = await checkQuery(events, signal);
    const tells = columns?.some((column) => column.name === 'TimeGenerated' && column.type === 'datetime');
    if (tells && columns !== null) return { events, columns };
  }
  return null;
}

/** From the first to the last event, where no stretch is chosen. */
async function wholeStretch(
  events: string,
  signal: AbortSignal,
): Promise<{ from: number; until: number } | null> {
  const answer = await ask(
    `${events}\n| summarize min(TimeGenerated), max(TimeGenerated)`,
    undefined,
    signal,
  );
  const [from, until] = [Date.parse(String(answer.rows[0]?.[0])), Date.parse(String(answer.rows[0]?.[1]))];
  return Number.isFinite(from) && Number.isFinite(until) ? { from, until: until + 1 } : null;
}
