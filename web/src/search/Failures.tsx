// Who failed to log in most in the last day, and from where: told on the start page, before anything was asked.
// Deliberately absent: other questions (`ready`), and more than a glance; a click leads on.

import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { ask } from '../api/ask';
import { countText } from '../time/moment';
import classes from './Failures.module.css';

const TIME = 'P1D';
/** Lines of each list. */
const LINES = 5;

const FAILED = 'Logins\n| where Outcome == "failure"';

/** The people, each with the address that most of the failures came from. */
export const PEOPLE = `${FAILED} and isnotempty(User)
| summarize Failures = count() by User, Tenant, Ip, Country
| summarize Failures = sum(Failures), Addresses = dcount(Ip), arg_max(Failures, Ip, Country) by User, Tenant
| project Name = User, Failures, Ip, Country, Others = Addresses, Tenant
| top ${LINES} by Failures`;

/** The addresses, each with how many people were tried from there. */
export const ADDRESSES = `${FAILED} and isnotempty(Ip)
| summarize Failures = count(), People = dcount(User), Tenant = take_any(Tenant), Country = take_any(Country) by Ip
| project Name = Ip, Failures, Ip, Country, Others = People, Tenant
| top ${LINES} by Failures`;

export interface Line {
  name: string;
  failures: number;
  /** Behind the name: from where, or how many people. */
  about: string;
}

function count(value: unknown): number {
  return Number(value ?? 0);
}

/** Lines about people: `90.85.176.78 · US · and 2 more addresses`. */
export function person(row: unknown[]): Line {
  const [name, failures, ip, country, addresses] = row;
  const others = count(addresses) - 1;
  const parts = [ip, country, others > 0 ? `and ${others} more` : ''].map((part) => String(part ?? ''));
  return { name: String(name), failures: count(failures), about: parts.filter(Boolean).join(' · ') };
}

/** Lines about addresses: `US · 84 people at acme`. */
export function address(row: unknown[]): Line {
  const [name, failures, , country, people, tenant] = row;
  const who = `${countText(count(people))} ${count(people) === 1 ? 'person' : 'people'} at ${String(tenant)}`;
  const parts = [String(country ?? ''), who];
  return { name: String(name), failures: count(failures), about: parts.filter(Boolean).join(' · ') };
}

export function Failures() {
  return (
    <section className={classes.lists} aria-label="failed logins in the last 24 hours">
      <List title="Failed to log in most, last 24 hours" query={PEOPLE} line={person} />
      <List title="From where" query={ADDRESSES} line={address} />
    </section>
  );
}

interface ListProps {
  title: string;
  query: string;
  line: (row: unknown[]) => Line;
}

function List({ title, query, line }: ListProps) {
  const answer = useQuery<Line[]>({
    queryKey: ['failures', query],
    // Events come in all the time, and at the first start the history does.
    refetchInterval: ({ state }) => ((state.data?.length ?? 0) < LINES ? 10_000 : 60_000),
    retry: false,
    queryFn: async ({ signal }) => (await ask(query, TIME, signal)).rows.map(line),
  });
  const lines = answer.data ?? [];
  const top = Math.max(1, ...lines.map((one) => one.failures));
  return (
    <div className={classes.list} aria-busy={answer.isPending}>
      <h3>{title}</h3>
      {lines.map((one) => (
        <Link
          key={`${one.name} ${one.about}`}
          to={`/person?id=${encodeURIComponent(one.name)}&t=${TIME}`}
          className={classes.line}
        >
          <span className={classes.bar} style={{ width: `${(100 * one.failures) / top}%` }} aria-hidden />
          <b className="foreign">{one.name}</b>
          <span className={`${classes.about} foreign`}>{one.about}</span>
          <span className={classes.count}>
            {countText(one.failures)}
            <span className="visually-hidden"> failures</span>
          </span>
        </Link>
      ))}
      {!answer.isPending && lines.length === 0 && (
        <p className="quiet">
          {answer.error === null ? 'No login failed.' : 'This cannot be told just now.'}
        </p>
      )}
    </div>
  );
}
