// The alternatives of a connector's JSON Schema: groups of ways of which one is to be chosen (`oneOf`) or at least one must
// be given (`anyOf`), each with its title and its fields.
// Deliberately absent: the fields themselves (`fields`), and drawing (`SchemaForm`).

import type { FieldSchema } from '../api/types.gen';

export interface Way {
  title: string;
  /** The fields that it needs, without those in `says`. */
  needs: string[];
  /** Every field that belongs to it. */
  takes: string[];
  /** Fields that say that it is chosen, and what they say then. */
  says: Record<string, unknown>;
}

export interface Ways {
  title: string;
  /** Whether exactly one is to be chosen, and the fields of the others are not shown. */
  exclusive: boolean;
  ways: Way[];
}

type Values = Record<string, unknown>;

export function waysOf(schema: FieldSchema): Ways[] {
  return (schema.allOf ?? []).map((group) => ({
    title: group.title ?? '',
    exclusive: group.oneOf !== undefined,
    ways: (group.oneOf ?? group.anyOf ?? []).map((one): Way => {
      const says: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(one.properties ?? {}))
        if (typeof field === 'object' && field.const !== undefined) says[name] = field.const;
      const needs = (one.required ?? []).filter((name) => !(name in says));
      return {
        title: one.title ?? '',
        needs,
        takes: [...new Set([...needs, ...Object.keys(one.properties ?? {})])],
        says,
      };
    }),
  }));
}

const isGiven = (value: unknown) => value !== undefined && value !== null && value !== '';

/** The way that the values show, by what says it or by the fields that only it has; else the first. */
export function shownWay(group: Ways, values: Values): number {
  const said = group.ways.findIndex((way) => {
    const words = Object.entries(way.says);
    return words.length > 0 && words.every(([name, word]) => values[name] === word);
  });
  if (said >= 0) return said;
  const own = group.ways.findIndex((way, at) =>
    way.needs.some(
      (name) =>
        isGiven(values[name]) && group.ways.every((other, i) => i === at || !other.takes.includes(name)),
    ),
  );
  return Math.max(own, 0);
}

/** The values after a way was chosen: what says so is there, and what belongs to the others alone is not. */
export function choose(group: Ways, chosen: number, values: Values): Values {
  const way = group.ways[chosen];
  if (way === undefined) return values;
  const next: Values = { ...values, ...way.says };
  for (const name of group.ways.flatMap((other) => other.takes)) {
    if (way.takes.includes(name) || !(name in next)) continue;
    // What the server has must be taken back with a word; what was only typed is forgotten.
    if (isSetThere(next[name])) next[name] = null;
    else delete next[name];
  }
  return next;
}

function isSetThere(value: unknown): boolean {
  return value === null || (typeof value === 'object' && (value as { set?: unknown }).set === true);
}

/** The fields that are not shown: those of the ways that are not chosen, and those that only say which is. */
export function hiddenFields(groups: Ways[], chosen: (group: Ways) => number): Set<string> {
  const hidden = new Set<string>();
  for (const group of groups.filter((one) => one.exclusive)) {
    const way = group.ways[chosen(group)];
    for (const other of group.ways) {
      for (const name of other.takes) if (way?.takes.includes(name) !== true) hidden.add(name);
      for (const name of Object.keys(other.says)) hidden.add(name);
    }
  }
  return hidden;
}

/** The fields that must still be given, so that each group has a way. */
export function lackingWays(groups: Ways[], values: Values): string[] {
  return groups.flatMap((group) => {
    const lacks = group.ways.map((way) => way.needs.filter((name) => !isGiven(values[name])));
    if (group.exclusive) return lacks[shownWay(group, values)] ?? [];
    return lacks.some((names) => names.length === 0) ? [] : (lacks[0] ?? []);
  });
}
