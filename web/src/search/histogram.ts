// The bars above the table: from the rows of the histogram's question to stacked counts, and from places to moments.
// Deliberately absent: drawing (`Histogram`) and the question (`kql/questions`).

import type { Answer } from '../api/ask';

export interface Bar {
  /** Milliseconds at which it begins. */
  at: number;
  success: number;
  failure: number;
  other: number;
}

export interface Bars {
  from: number;
  until: number;
  step: number;
  bars: Bar[];
  /** Count of the highest bar. */
  top: number;
  total: number;
}

/** Lays the answer over the stretch; steps without events have no bar. */
export function barsOf(answer: Answer, from: number, until: number, step: number): Bars {
  const time = answer.columns.findIndex((column) => column.type === 'datetime');
  const count = answer.columns.findIndex((column) => column.name === 'Events');
  const outcome = answer.columns.findIndex((column) => column.name === 'EventOutcome');
  const found = new Map<number, Bar>();
  for (const row of answer.rows) {
    const at = Date.parse(String(row[time]));
    const events = Number(row[count]);
    if (!Number.isFinite(at) || !Number.isFinite(events)) continue;
    const bar = found.get(at) ?? { at, success: 0, failure: 0, other: 0 };
    found.set(at, bar);
    if (row[outcome] === 'success') bar.success += events;
    else if (row[outcome] === 'failure') bar.failure += events;
    else bar.other += events;
  }
  const bars = [...found.values()].sort((a, b) => a.at - b.at);
  const sum = (bar: Bar) => bar.success + bar.failure + bar.other;
  return {
    from,
    until,
    step,
    bars,
    top: Math.max(1, ...bars.map(sum)),
    total: bars.reduce((total, bar) => total + sum(bar), 0),
  };
}

/** The stretch between two places, widened to whole steps. */
export function brushed(bars: Bars, first: number, second: number): { from: number; until: number } {
  const [low, high] = first < second ? [first, second] : [second, first];
  const moment = (share: number) => bars.from + Math.min(1, Math.max(0, share)) * (bars.until - bars.from);
  const from = Math.floor(moment(low) / bars.step) * bars.step;
  const until = Math.ceil(moment(high) / bars.step) * bars.step;
  return {
    from: Math.max(from, Math.floor(bars.from)),
    until: Math.min(Math.max(until, from + bars.step), Math.ceil(bars.until)),
  };
}

/** About five round moments for the axis. */
export function ticks(from: number, until: number, count: number): number[] {
  const steps = [
    1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
  ];
  const step = (steps.find((step) => (until - from) / (step * 1000) <= count) ?? 7_776_000) * 1000;
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const out: number[] = [];
  for (let at = Math.ceil((from - offset) / step) * step + offset; at < until; at += step) out.push(at);
  return out;
}
