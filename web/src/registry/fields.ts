// From a connector's JSON Schema to what a form has to ask, and from the form's values back to a configuration.
// Deliberately absent: drawing (`SchemaForm`), and judging values; the server's words are shown beside the fields.

import type { FieldSchema } from '../api/registry';

export type FieldKind = 'secret' | 'choice' | 'switch' | 'number' | 'list' | 'json' | 'text';

export interface FormField {
  name: string;
  label: string;
  about: string;
  kind: FieldKind;
  required: boolean;
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
  if (type === 'array')
    return typeOf(schema.items ?? {}) === 'string' && schema.items?.writeOnly !== true
      ? 'list'
      : schema.items?.writeOnly === true
        ? 'secret'
        : 'json';
  if (type === 'object') return 'json';
  return schema.writeOnly === true ? 'secret' : 'text';
}

/** The fields, those that must be given first. */
export function fieldsOf(schema: FieldSchema): FormField[] {
  const required = new Set(schema.required ?? []);
  const all = Object.entries(schema.properties ?? {}).map(([name, one]): FormField => {
    const example = one.default ?? one.examples?.[0];
    return {
      name,
      label: one.title ?? name.replaceAll('_', ' '),
      about: one.description ?? '',
      kind: kindOf(one),
      required: required.has(name),
      placeholder:
        example === undefined || example === null || typeof example === 'object' ? '' : String(example),
      choices: (one.enum ?? []).map(String),
      schema: one,
    };
  });
  return [...all.filter((one) => one.required), ...all.filter((one) => !one.required)];
}

/** A secret that the server has and does not tell. */
export function isSet(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { set?: unknown }).set === true;
}

/** What is sent: what was left empty, and secrets that were not typed anew, are left out. */
export function configuration(fields: FormField[], values: Values): Values {
  const out: Values = {};
  for (const field of fields) {
    const value = values[field.name];
    if (value === undefined || value === null || value === '' || isSet(value)) continue;
    if (field.kind === 'list' && typeof value === 'string') {
      const list = value
        .split(/[\n,]/)
        .map((one) => one.trim())
        .filter(Boolean);
      if (list.length > 0) out[field.name] = list;
    } else if (field.kind === 'secret' && typeOf(field.schema) === 'array') out[field.name] = [value];
    else if (field.kind === 'json' && typeof value === 'string') out[field.name] = parsed(value);
    else out[field.name] = value;
  }
  return out;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Which fields must still be given. */
export function missing(fields: FormField[], values: Values): string[] {
  return fields
    .filter((field) => field.required && (values[field.name] === undefined || values[field.name] === ''))
    .map((field) => field.label);
}
