// A dashboard's parameters: their values from the address, and their places in the queries as literals.
// Deliberately absent: choosing them (`ParameterBar`).

import type { Parameter } from '../api/types.gen';
import { stringLiteral } from '../kql/literal';
import { durationMs } from '../time/range';

export type ParameterKind = 'time' | 'tenant' | 'free' | 'choice';

export type Values = ReadonlyMap<string, string>;

const PREFIX = 'p.';

export function valuesOf(parameters: Parameter[], address: URLSearchParams): Values {
  return new Map(parameters.map((one) => [one.name, address.get(PREFIX + one.name) ?? one.default]));
}

export function parameterKey(name: string): string {
  return PREFIX + name;
}

/** A time parameter is a length; everything else is text, quoted whatever it holds. */
function valueLiteral(parameter: Parameter, value: string): string {
  if (parameter.kind !== 'time') return stringLiteral(value);
  const ms = durationMs(value) ?? durationMs(parameter.default) ?? 86_400_000;
  return `${Math.round(ms / 1000)}s`;
}

/** The query with a literal of the same length in each parameter's place: what an editor may judge. */
export function judged(query: string, parameters: Parameter[]): string {
  const known = new Map(parameters.map((one) => [one.name, one.kind]));
  return query.replace(/\{([A-Za-z_]\w*)\}/g, (whole, name: string) => {
    const kind = known.get(name);
    if (kind === undefined) return whole;
    return kind === 'time' ? '1d'.padEnd(whole.length) : `"${'x'.repeat(whole.length - 2)}"`;
  });
}

/** The query with `{name}` replaced for every parameter that there is; other braces stay. */
export function substituted(query: string, parameters: Parameter[], values: Values): string {
  const known = new Map(parameters.map((one) => [one.name, one]));
  return query.replace(/\{([A-Za-z_]\w*)\}/g, (whole, name: string) => {
    const parameter = known.get(name);
    return parameter === undefined ? whole : valueLiteral(parameter, values.get(name) ?? parameter.default);
  });
}
