// Conditions made by clicking: include a value, exclude it, drill down to it.
// Deliberately absent: literals (`literal`) and where a step goes (`pipes`).

import { literal, nameText, stringLiteral } from './literal';
import { addStep } from './pipes';

export type Sense = 'include' | 'exclude';

/** A condition on one column; `null` if the value cannot be compared. */
export function condition(column: string, type: string, value: unknown, sense: Sense): string | null {
  const name = nameText(column);
  if (value === null || value === undefined || (type === 'string' && value === '')) {
    return sense === 'include' ? `isempty(${name})` : `isnotempty(${name})`;
  }
  const equal = sense === 'include' ? '==' : '!=';
  if (type === 'dynamic') {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `tostring(${name}) ${equal} ${stringLiteral(text)}`;
  }
  const text = literal(value, type);
  return text === null ? null : `${name} ${equal} ${text}`;
}

/** A condition on a place inside of a dynamic column. */
export function pathCondition(
  column: string,
  path: (string | number)[],
  value: unknown,
  sense: Sense,
): string {
  const name =
    nameText(column) +
    path.map((step) => (typeof step === 'number' ? `[${step}]` : `[${stringLiteral(step)}]`)).join('');
  const equal = sense === 'include' ? '==' : '!=';
  if (value === null || value === undefined)
    return `${sense === 'include' ? 'isnull' : 'isnotnull'}(${name})`;
  if (typeof value === 'boolean') return `tobool(${name}) ${equal} ${value}`;
  if (typeof value === 'number') return `todouble(${name}) ${equal} real(${value})`;
  return `tostring(${name}) ${equal} ${stringLiteral(typeof value === 'string' ? value : JSON.stringify(value))}`;
}

/** The query with one more condition; a condition that stands there already is not added again. */
export function narrowed(query: string, text: string): string {
  const step = `where ${text}`;
  return query.includes(step) ? query : addStep(query, step);
}
