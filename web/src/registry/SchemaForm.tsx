// A form made from a connector's JSON Schema: a new provider needs no new page. Of alternatives the chosen one is shown, and
// what nearly nobody needs waits behind a line.
// Deliberately absent: what the values mean (`fields`, `ways`), and one field (`SchemaField`).

import { SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { FieldSchema } from '../api/registry';
import { type FormField, fieldsOf, isEmpty, type Values, within } from './fields';
import classes from './Registry.module.css';
import { SchemaField } from './SchemaField';
import { choose, hiddenFields, shownWay, type Ways, waysOf } from './ways';

interface Props {
  schema: FieldSchema;
  values: Values;
  onChange: (values: Values) => void;
  /** What the server said about fields, by name; of fields within others by their path. */
  errors?: ReadonlyMap<string, string>;
}

export function SchemaForm({ schema, values, onChange, errors }: Props) {
  const [chosen, setChosen] = useState<Record<string, number>>({});
  const groups = waysOf(schema);
  const way = (group: Ways) => chosen[group.title] ?? shownWay(group, values);
  const hidden = hiddenFields(groups, way);
  const fields = fieldsOf(schema).filter((field) => !hidden.has(field.name));
  const usual = fields.filter((field) => !field.advanced);
  const further = fields.filter((field) => field.advanced);
  const isUsed = further.some((field) => !isEmpty(values[field.name]) || errors?.has(field.name) === true);
  const choices = groups.filter((group) => group.exclusive);
  const one = (field: FormField) =>
    field.kind === 'fields' && typeof values[field.name] !== 'string' ? (
      <fieldset key={field.name} className={classes.within}>
        <legend>{field.label}</legend>
        <Stack gap="sm">
          <Text size="xs" c="dimmed">
            {field.about}
          </Text>
          <SchemaForm
            schema={field.schema}
            values={within(values[field.name])}
            onChange={(inner) => onChange({ ...values, [field.name]: inner })}
            errors={errorsWithin(errors, field.name)}
          />
        </Stack>
      </fieldset>
    ) : (
      <SchemaField
        key={field.name}
        field={field}
        value={values[field.name]}
        error={errors?.get(field.name)}
        onValue={(value) => onChange({ ...values, [field.name]: value })}
      />
    );
  const selector = (group: Ways) => (
    <div key={group.title} role="group" aria-label={group.title}>
      <Text size="sm" fw={500}>
        {group.title}
      </Text>
      <SegmentedControl
        size="xs"
        data={group.ways.map((one, at) => ({ value: String(at), label: one.title }))}
        value={String(way(group))}
        onChange={(value) => {
          setChosen({ ...chosen, [group.title]: Number(value) });
          onChange(choose(group, Number(value), values));
        }}
      />
    </div>
  );
  // A choice stands before the first of the fields that depend on it.
  const before = (field: FormField) =>
    choices.filter((group) => fields.find((it) => belongs(group, it.name))?.name === field.name);
  const lonely = choices.filter((group) => !fields.some((field) => belongs(group, field.name)));
  return (
    <Stack gap="sm">
      {lonely.map(selector)}
      {usual.map((field) => [...before(field).map(selector), one(field)])}
      {further.length > 0 && (
        <details open={isUsed || undefined} className={classes.further}>
          <summary>Further settings</summary>
          <Stack gap="sm">{further.map((field) => [...before(field).map(selector), one(field)])}</Stack>
        </details>
      )}
    </Stack>
  );
}

const belongs = (group: Ways, name: string) => group.ways.some((way) => way.takes.includes(name));

function errorsWithin(errors: ReadonlyMap<string, string> | undefined, name: string) {
  const inner = [...(errors ?? [])].filter(([path]) => path.startsWith(`${name}.`));
  return new Map(inner.map(([path, message]) => [path.slice(name.length + 1), message]));
}
