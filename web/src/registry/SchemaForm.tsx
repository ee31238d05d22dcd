// A form made from a connector's JSON Schema: a new provider needs no new page. Of alternatives the chosen one is shown, and
// what nearly nobody needs waits behind a line. Each problem stands at its field; that of a field which the chosen alternative
// hides stands at the choice.
// Deliberately absent: what the values mean (`fields`, `ways`), and one field (`SchemaField`).

import { SegmentedControl, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { FieldSchema } from '../api/types.gen';
import { type FormField, fieldsOf, isEmpty, type Values, within } from './fields';
import { below } from './placed';
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
  const choices = groups.filter((group) => group.exclusive);
  const said = [...(errors ?? [])].map(([path, words]) => ({ name: path.split('.')[0] ?? '', words }));
  const saidOf = (is: (name: string) => boolean) =>
    said.filter((one) => is(one.name)).map((one) => one.words);
  const wrong = saidOf((name) => !usual.some((field) => field.name === name)).join(' ');
  const [isOpen, setOpen] = useState(wrong !== '' || further.some((field) => !isEmpty(values[field.name])));
  useEffect(() => {
    if (wrong !== '') setOpen(true);
  }, [wrong]);
  const one = (field: FormField) =>
    field.kind === 'fields' && typeof values[field.name] !== 'string' ? (
      <fieldset key={field.name} className={classes.within}>
        <legend>{field.label}</legend>
        <Stack gap="sm">
          <Text size="xs" c="dimmed">
            {field.about}
          </Text>
          <Said words={errors?.get(field.name)} />
          <SchemaForm
            schema={field.schema}
            values={within(values[field.name])}
            onChange={(inner) => onChange({ ...values, [field.name]: inner })}
            errors={below(errors ?? NONE, field.name)}
          />
        </Stack>
      </fieldset>
    ) : (
      <SchemaField
        key={field.name}
        field={field}
        value={values[field.name]}
        error={saidOf((name) => name === field.name).join('. ')}
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
      <Said words={saidOf((name) => hidden.has(name) && belongs(group, name)).join('. ')} />
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
        <details
          open={isOpen}
          onToggle={(event) => setOpen(event.currentTarget.open)}
          className={classes.further}
        >
          <summary>Further settings</summary>
          <Stack gap="sm">{further.map((field) => [...before(field).map(selector), one(field)])}</Stack>
        </details>
      )}
    </Stack>
  );
}

const belongs = (group: Ways, name: string) => group.ways.some((way) => way.takes.includes(name));

const NONE: ReadonlyMap<string, string> = new Map();

/** What is wrong where no input stands that could say it. */
function Said({ words }: { words: string | undefined }) {
  if (!words) return null;
  return (
    <Text size="xs" c="var(--mantine-color-error)" className="foreign">
      {words}
    </Text>
  );
}
