// A person's events folded into sessions, each in plain words: what a colleague would tell, not what the log holds.
// Deliberately absent: asking for the events, their words (`words`), and drawing.

import { deviceName, type Happening, type LineTone, words } from './words';

export interface Line {
  at: number;
  text: string;
  tone: LineTone;
  count: number;
  /** Something that machines do by themselves; shown small. */
  quiet: boolean;
}

export interface Session {
  from: number;
  until: number;
  events: number;
  failures: number;
  ips: string[];
  places: string[];
  devices: string[];
  tenants: string[];
  applications: string[];
  lines: Line[];
  /** What was seen for the first time. */
  fresh: string[];
}

/** Longer silence than this begins another session. */
const SILENCE_MS = 30 * 60_000;
const LINES_MAX = 60;

/** The rows of `Identity` as happenings, oldest first. */
export function happenings(rows: Record<string, unknown>[]): Happening[] {
  const text = (value: unknown) => (value === null || value === undefined ? '' : String(value));
  return rows
    .map((row) => ({
      at: Date.parse(text(row.TimeGenerated)),
      provider: text(row.Provider),
      tenant: text(row.Tenant),
      kind: text(row.Kind),
      outcome: text(row.Outcome),
      event: text(row.Event),
      description: text(row.Description),
      user: text(row.User),
      actor: text(row.Actor),
      ip: text(row.Ip),
      country: text(row.Country),
      city: text(row.City),
      application: text(row.Application),
      device: text(row.Device),
      id: text(row._EventId),
    }))
    .filter((one) => Number.isFinite(one.at))
    .sort((a, b) => a.at - b.at);
}

function add(list: string[], value: string): void {
  if (value !== '' && !list.includes(value)) list.push(value);
}

function empty(one: Happening): Session {
  return {
    from: one.at,
    until: one.at,
    events: 0,
    failures: 0,
    ips: [],
    places: [],
    devices: [],
    tenants: [],
    applications: [],
    lines: [],
    fresh: [],
  };
}

/** One more event in a session: the same as a line before is counted there, if nothing else lies between. */
function take(session: Session, one: Happening): void {
  session.until = one.at;
  session.events += 1;
  if (one.outcome === 'failure') session.failures += 1;
  add(session.ips, one.ip);
  add(session.places, [one.city, one.country].filter(Boolean).join(', '));
  add(session.devices, deviceName(one.device));
  add(session.tenants, `${one.provider}/${one.tenant}`);
  add(session.applications, one.application);
  const { text, many, tone, quiet } = words(one);
  // Machines' doings are counted wherever they lie; people's only in a row.
  const same = quiet
    ? session.lines.find((line) => line.quiet && (line.text === text || line.text === many))
    : [session.lines.filter((line) => !line.quiet).at(-1)].find(
        (line) => line !== undefined && line.tone === tone && (line.text === text || line.text === many),
      );
  if (same !== undefined) {
    same.count += 1;
    same.text = many;
    return;
  }
  if (session.lines.length < LINES_MAX) session.lines.push({ at: one.at, text, tone, count: 1, quiet });
}

export interface Firsts {
  /** When each value was seen first, by its column. */
  seen: ReadonlyMap<string, number>;
  /** When anything was seen first: what began then is not news. */
  began: number;
}

/** Sessions, newest first. */
export function sessions(events: Happening[], firsts: Firsts | null): Session[] {
  const out: Session[] = [];
  for (const one of events) {
    let current = out.at(-1);
    if (current === undefined || one.at - current.until > SILENCE_MS) {
      current = empty(one);
      out.push(current);
    }
    take(current, one);
  }
  for (const session of out) session.fresh = freshIn(session, firsts);
  return out.reverse();
}

/** The first day of what is known says nothing about news. */
const SETTLING_MS = 24 * 3_600_000;

function freshIn(session: Session, firsts: Firsts | null): string[] {
  if (firsts === null || session.from < firsts.began + SETTLING_MS) return [];
  const isNew = (kind: string, value: string) => {
    const first = firsts.seen.get(`${kind}:${value}`);
    return first !== undefined && first >= session.from - 1_000 && first <= session.until + 1_000;
  };
  const out: string[] = [];
  for (const place of session.places) {
    const country = place.split(', ').at(-1) ?? '';
    if (isNew('Country', country)) out.push(`new country ${country}`);
  }
  if (session.ips.some((ip) => isNew('Ip', ip))) out.push('new address');
  if (session.applications.some((application) => isNew('Application', application)))
    out.push('new application');
  return [...new Set(out)];
}
