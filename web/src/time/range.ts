// The stretch of time that is asked about: relative to now, from–until, or everything; as a text in the URL and for the
// server (ISO 8601), and in words.
// Deliberately absent: the picker (`TimePicker`), and how moments are written (`moment`).

export type TimeRange =
  | { kind: 'relative'; duration: string }
  | { kind: 'absolute'; from: string; until: string }
  | { kind: 'all' };

export const PRESETS: { duration: string; label: string }[] = [
  { duration: 'PT15M', label: 'Last 15 minutes' },
  { duration: 'PT1H', label: 'Last hour' },
  { duration: 'PT4H', label: 'Last 4 hours' },
  { duration: 'PT12H', label: 'Last 12 hours' },
  { duration: 'P1D', label: 'Last 24 hours' },
  { duration: 'P2D', label: 'Last 2 days' },
  { duration: 'P7D', label: 'Last 7 days' },
  { duration: 'P30D', label: 'Last 30 days' },
  { duration: 'P90D', label: 'Last 90 days' },
  { duration: 'P365D', label: 'Last year' },
];

export const DEFAULT_RANGE: TimeRange = { kind: 'relative', duration: 'P1D' };

const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Length of an ISO 8601 duration; `null` if it is none, or has months or years, whose length is not fixed. */
export function durationMs(text: string): number | null {
  const found = DURATION.exec(text);
  if (found === null || text === 'P' || text.endsWith('T')) return null;
  const [, weeks, days, hours, minutes, seconds] = found.map((part) => Number(part ?? 0));
  const length =
    (weeks ?? 0) * 7 * DAY_MS +
    (days ?? 0) * DAY_MS +
    (hours ?? 0) * HOUR_MS +
    (minutes ?? 0) * MINUTE_MS +
    (seconds ?? 0) * SECOND_MS;
  return length > 0 ? length : null;
}

/** Short hand for a duration, as people type it: `90m`, `3d`, `2w`. */
export function typedDuration(text: string): string | null {
  const found = /^\s*(\d{1,6})\s*(m|min|h|d|w)\s*$/i.exec(text);
  if (found === null) return null;
  const count = Number(found[1]);
  if (count === 0) return null;
  const unit = (found[2] ?? '').toLowerCase();
  if (unit === 'h') return `PT${count}H`;
  if (unit === 'd') return `P${count}D`;
  if (unit === 'w') return `P${count * 7}D`;
  return `PT${count}M`;
}

/** Reads what `rangeText` wrote; anything else is the default. */
export function parseRange(text: string | null | undefined): TimeRange {
  if (text === null || text === undefined || text === '') return DEFAULT_RANGE;
  if (text === 'all') return { kind: 'all' };
  const [from, until] = text.split('/');
  if (from !== undefined && until !== undefined) {
    const [start, end] = [Date.parse(from), Date.parse(until)];
    if (Number.isFinite(start) && Number.isFinite(end) && start < end) {
      return { kind: 'absolute', from: new Date(start).toISOString(), until: new Date(end).toISOString() };
    }
  }
  return durationMs(text) === null ? DEFAULT_RANGE : { kind: 'relative', duration: text };
}

export function rangeText(range: TimeRange): string {
  if (range.kind === 'all') return 'all';
  return range.kind === 'relative' ? range.duration : `${range.from}/${range.until}`;
}

/** What the server takes as `timespan`; nothing for everything. */
export function timespan(range: TimeRange): string | undefined {
  return range.kind === 'all' ? undefined : rangeText(range);
}

/** The ends in milliseconds; `null` for everything. */
export function rangeEnds(range: TimeRange, now: number): { from: number; until: number } | null {
  if (range.kind === 'all') return null;
  if (range.kind === 'absolute') return { from: Date.parse(range.from), until: Date.parse(range.until) };
  return { from: now - (durationMs(range.duration) ?? DAY_MS), until: now };
}

/** The lengths that somebody who found nothing would try next. */
const LONGER = ['P1D', 'P7D', 'P30D', 'P365D'];

/** The next longer stretch; `null` for one that is chosen to the minute, and for everything. */
export function longerThan(range: TimeRange): { duration: string; label: string } | null {
  if (range.kind !== 'relative') return null;
  const length = durationMs(range.duration) ?? 0;
  return (
    PRESETS.find(
      ({ duration }) =>
        LONGER.includes(duration) && (durationMs(duration) ?? 0) >= Math.max(2 * length, DAY_MS),
    ) ?? null
  );
}

const STEPS_MS: [number, string][] = [
  [SECOND_MS, '1s'],
  [5 * SECOND_MS, '5s'],
  [15 * SECOND_MS, '15s'],
  [30 * SECOND_MS, '30s'],
  [MINUTE_MS, '1m'],
  [5 * MINUTE_MS, '5m'],
  [10 * MINUTE_MS, '10m'],
  [30 * MINUTE_MS, '30m'],
  [HOUR_MS, '1h'],
  [2 * HOUR_MS, '2h'],
  [6 * HOUR_MS, '6h'],
  [12 * HOUR_MS, '12h'],
  [DAY_MS, '1d'],
  [7 * DAY_MS, '7d'],
  [30 * DAY_MS, '30d'],
];

export interface Step {
  ms: number;
  kql: string;
}

/** The width of a bar so that about `bars` of them cover the stretch, as a round number. */
export function stepFor(lengthMs: number, bars: number): Step {
  for (const [ms, kql] of STEPS_MS) {
    if (lengthMs / ms <= bars) return { ms, kql };
  }
  const days = Math.ceil(lengthMs / bars / DAY_MS);
  return { ms: days * DAY_MS, kql: `${days}d` };
}
