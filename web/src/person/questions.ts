// What is asked about a person, as KQL that can be opened in Search: who it is, what happened, what is usual, who changed what.
// Deliberately absent: sending it.

import { stringLiteral } from '../kql/literal';

const IP = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]+)$/i;

export function isAddress(id: string): boolean {
  return IP.test(id.trim());
}

export interface Known {
  provider: string;
  tenant: string;
  user: string;
  userId: string;
  events: number;
  first: string;
  last: string;
}

/** Events that carry what was typed, whatever it is. */
function typed(id: string): string {
  const text = stringLiteral(id.trim());
  return isAddress(id) ? `Ip == ${text}` : `User =~ ${text} or UserId =~ ${text}`;
}

/** Every account of whom the typed text is a name or an id, and those of the same id elsewhere. */
export function accountsQuery(id: string): string {
  return `Identity
| where ${typed(id)}
| where isnotempty(User) or isnotempty(UserId)
| summarize Events = count(), First = min(TimeGenerated), Last = max(TimeGenerated) by Provider, Tenant, User, UserId
| top 50 by Events`;
}

/** An e-mail address's name in words: `marta.moreau12@…` is perhaps Marta Moreau. */
export function likelyName(id: string): string {
  const local = /^([^@\s]+)@/.exec(id.trim())?.[1];
  if (local === undefined) return '';
  const parts = local
    .replace(/\d+$/, '')
    .split(/[._-]+/)
    .filter((part) => part.length > 1);
  return parts.length < 2 ? '' : parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join(' ');
}

/** People of the same name at other providers; perhaps the same, perhaps not. */
export function namesakesQuery(id: string): string {
  const name = likelyName(id);
  const text = name === '' ? id.trim().toLowerCase().replace(/\s+/g, '.') : name;
  const by =
    name === ''
      ? `User startswith ${stringLiteral(text)} and User contains "@"`
      : `User =~ ${stringLiteral(text)}`;
  return `Identity
| where ${by}
| summarize Events = count(), First = min(TimeGenerated), Last = max(TimeGenerated) by Provider, Tenant, User, UserId
| top 5 by Events`;
}

/** The condition that all other questions share. */
export function condition(id: string, accounts: Known[]): string {
  if (isAddress(id) || accounts.length === 0) return typed(id);
  const ids = [...new Set(accounts.map((one) => one.userId).filter(Boolean))];
  const users = [...new Set(accounts.map((one) => one.user).filter(Boolean))];
  const parts = [
    users.length > 0 ? `User in~ (${users.map(stringLiteral).join(', ')})` : '',
    ids.length > 0 ? `UserId in (${ids.map(stringLiteral).join(', ')})` : '',
  ].filter(Boolean);
  return parts.join(' or ');
}

export const TIMELINE_MAX = 2_000;

export function timelineQuery(where: string): string {
  return `Identity
| where ${where}
| top ${TIMELINE_MAX} by TimeGenerated desc`;
}

export type Fact = 'Country' | 'Ip' | 'Application' | 'Device' | 'User';

export function factQuery(where: string, fact: Fact): string {
  const more = fact === 'Ip' ? ', Country = take_any(Country)' : '';
  return `Identity
| where (${where}) and isnotempty(${fact})
| summarize Events = count(), Failures = countif(Outcome == "failure"), First = min(TimeGenerated), Last = max(TimeGenerated)${more} by ${fact}
| top 100 by Events`;
}

export function hoursQuery(where: string): string {
  return `Identity
| where ${where}
| summarize Events = count() by Day = toint(dayofweek(TimeGenerated) / 1d), Hour = hourofday(TimeGenerated)`;
}

/** Changes by the person and to the person. */
export function changesQuery(id: string, accounts: Known[]): string {
  const users = [...new Set([id.trim(), ...accounts.map((one) => one.user)].filter(Boolean))]
    .map(stringLiteral)
    .join(', ');
  return `Identity
| where Kind in ("administration", "password", "lockout") and Outcome != "notice"
| where Actor in~ (${users}) or User in~ (${users})
| project TimeGenerated, Direction = iff(Actor in~ (${users}), "by", "to"), Tenant, Actor, User, Event, Description, Outcome, Ip
| top 200 by TimeGenerated desc`;
}
