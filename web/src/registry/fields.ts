// From a connector's JSON Schema to what a form has to ask, and from the form's values back to a configuration.
// Deliberately absent: drawing (`SchemaForm`), alternatives (`ways`), and judging values; the server's words are shown
// beside the fields.

import type { FieldSchema } from '../api/types.gen';
import { lackingWays, shownWay, waysOf } from './ways';

export type FieldKind = 'secret' | 'choice' | 'switch' | 'number' | 'list' | 'fields' | 'json' | 'text';

export interface FormField {
  name: string;
  label: string;
  about: string;
  kind: FieldKind;
  required: boolean;
  /** Nearly nobody needs it. */
  advanced: boolean;
  placeholder: string;
  choices: string[];
  schema: FieldSchema;
}

export type Values = Record<string, unknown>;

function typeOf(schema: FieldSchema): string {
  const type = schema.type;
  if (Array.isArray(type)) return type.find((one) => one !== 'null') ?? 'string';
  return type ?? (schema.properties === undefined ? 'string' : 'object');
}

function kindOf(schema: FieldSchema): FieldKind {
  const type = typeOf(schema);
  if (schema.enum !== undefined) return 'choice';
  if (type === 'boolean') return 'switch';
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'array') {
    if (schema.items?.writeOnly === true) return 'secret';
    return typeOf(schema.items ?? {}) === 'string' ? 'list' : 'json';
  }
  if (type === 'object') return schema.properties === undefined ? 'json' : 'fields';
  return schema.writeOnly === true ? 'secret' : 'text';
}

/** The fields, in the schema's order. */
export function fieldsOf(schema: FieldSchema): FormField[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, one]): FormField => {
    const example = one.default ?? one.examples?.[0];
    return {
      name,
      label: one.title ?? name.replaceAll('_', ' '),
      about: one.description ?? '',
      kind: kindOf(one),
      required: required.has(name),
      advanced: one['x-advanced'] === true,
      placeholder:
        example === undefined || example === null || typeof example === 'object' ? '' : String(example),
      choices: (one.enum ?? []).map(String),
      schema: one,
    };
  });
}

/** A secret that the server has and does not tell. */
export function isSet(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { set?: unknown }).set === true;
}

/** The values within a value, if it is an object. */
export function within(value: unknown): Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : {};
}

/**
 * What is sent: what was left empty, and secrets that were not typed anew, are left out. A secret of a way that is not
 * chosen any more is sent as null: the server forgets it.
 */
export function configuration(schema: FieldSchema, values: Values): Values {
  const out: Values = {};
  for (const field of fieldsOf(schema)) {
    const value = values[field.name];
    if (value === null && field.kind === 'secret') out[field.name] = null;
    if (value === undefined || value === null || value === '' || isSet(value)) continue;
    const sent = sentOf(field, value);
    if (sent !== undefined) out[field.name] = sent;
  }
  // The way that is shown without having been chosen is said with its fields.
  if (Object.keys(out).length > 0)
    for (const group of waysOf(schema)) Object.assign(out, group.ways[shownWay(group, values)]?.says);
  return out;
}

function sentOf(field: FormField, value: unknown): unknown {
  if (field.kind === 'fields' && typeof value === 'object') {
    const inner = configuration(field.schema, within(value));
    return Object.keys(inner).length > 0 ? inner : undefined;
  }
  if (field.kind === 'secret' && typeOf(field.schema) === 'array') return [value];
  if (typeof value !== 'string') return value;
  if (field.kind === 'json') return parsed(value);
  if (field.kind !== 'list') return value;
  const list = value
    .split(/[\n,]/)
    .map((one) => one.trim())
    .filter(Boolean);
  return list.length > 0 ? list : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** Which fields must still be given. */
export function missing(schema: FieldSchema, values: Values): string[] {
  const fields = fieldsOf(schema);
  const label = (name: string) => fields.find((field) => field.name === name)?.label ?? name;
  const lacking = lackingWays(waysOf(schema), values).map(label);
  for (const field of fields) {
    const value = values[field.name];
    if (field.kind === 'fields') {
      // Fields within one that is left out are not missed, unless it must be there.
      const begun = Object.values(within(value)).some((one) => !isEmpty(one));
      if ((field.required || begun) && typeof value !== 'string')
        lacking.push(...missing(field.schema, within(value)).map((inner) => `${field.label}: ${inner}`));
    } else if (field.required && isEmpty(value)) lacking.push(field.label);
  }
  return lacking;
}
