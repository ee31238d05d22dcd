// Where each problem of a refusal stands: at the field of the dialog that it is about, or, if it is about none, in a list.
// Deliberately absent: the server's judgement, and drawing (`SchemaForm`, `Refusal`).

import { Problem } from '../api/problem';
import type { FieldSchema } from '../api/types.gen';
import { fieldsOf } from './fields';

/** A form of a dialog: where its fields begin in the server's paths (`sources.poll`; empty at the top), and which they are. */
export interface Drawn {
  path: string;
  schema: FieldSchema;
}

export interface Placed {
  /** What is said of each field, by its path with that of its form: `sources.poll.domain`. */
  fields: ReadonlyMap<string, string>;
  /** What is about no field; `null` if there is nothing more to say. */
  rest: Problem | null;
}

/** `a.tokens[0].env` as `a`, `tokens`, `0`, `env`. */
const steps = (path: string) => path.split(/[.[\]]+/).filter((step) => step !== '');

/** The field that a path leads to, as deep as fields go; `null` if it leads to none. */
function fieldAt([name, ...further]: string[], schema: FieldSchema): string[] | null {
  const field = fieldsOf(schema).find((one) => one.name === name);
  if (name === undefined || field === undefined) return null;
  if (field.kind !== 'fields' || further.length === 0) return [name];
  const inner = fieldAt(further, field.schema);
  return inner === null ? null : [name, ...inner];
}

function placeOf(path: string, names: string[], forms: Drawn[]): string | null {
  if (names.includes(path)) return path;
  const whole = steps(path);
  for (const form of forms) {
    const start = steps(form.path);
    if (!start.every((step, at) => whole[at] === step)) continue;
    const found = fieldAt(whole.slice(start.length), form.schema);
    if (found !== null) return [...start, ...found].join('.');
  }
  return null;
}

/** Each problem at its place. `names` are the dialog's own fields, beside those of its forms. */
export function placed(problem: Problem | null, names: string[], forms: Drawn[]): Placed {
  const fields = new Map<string, string>();
  if (problem === null) return { fields, rest: null };
  const rest = problem.parts.filter((part) => {
    const path = placeOf(part.path ?? '', names, forms);
    if (path === null) return true;
    const words = part.hint ? `${part.message}; ${part.hint}` : part.message;
    fields.set(path, [fields.get(path), words].filter(Boolean).join('. '));
    return false;
  });
  if (fields.size === 0) return { fields, rest: problem };
  // The advice of the whole is that of its parts: it stands at the fields.
  const { status, code, message: detail } = problem;
  return { fields, rest: rest.length === 0 ? null : new Problem({ status, code, detail, problems: rest }) };
}

/** What is said of the fields below a path, each by its path from there. */
export function below(fields: ReadonlyMap<string, string>, path: string): Map<string, string> {
  const start = path === '' ? '' : `${path}.`;
  const inner = [...fields].filter(([name]) => name.startsWith(start));
  return new Map(inner.map(([name, words]) => [name.slice(start.length), words]));
}
