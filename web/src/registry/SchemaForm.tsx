// A form made from a connector's JSON Schema: a new provider needs no new page.
// Deliberately absent: what the values mean (`fields`).

import { NumberInput, PasswordInput, Select, Stack, Switch, Textarea, TextInput } from '@mantine/core';
import type { FormField, Values } from './fields';
import { isSet } from './fields';

interface Props {
  fields: FormField[];
  values: Values;
  onChange: (values: Values) => void;
  /** What the server said about fields, by name. */
  errors?: ReadonlyMap<string, string>;
}

export function SchemaForm({ fields, values, onChange, errors }: Props) {
  return (
    <Stack gap="sm">
      {fields.map((field) => (
        <One
          key={field.name}
          field={field}
          value={values[field.name]}
          error={errors?.get(field.name)}
          onValue={(value) => onChange({ ...values, [field.name]: value })}
        />
      ))}
    </Stack>
  );
}

interface OneProps {
  field: FormField;
  value: unknown;
  error: string | undefined;
  onValue: (value: unknown) => void;
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.join('\n');
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
}

function One({ field, value, error, onValue }: OneProps) {
  const shared = {
    label: field.label,
    description: field.about,
    withAsterisk: field.required,
    placeholder: field.placeholder,
    error: error ?? null,
  };
  switch (field.kind) {
    case 'switch':
      return (
        <Switch
          label={field.label}
          description={field.about}
          checked={value === undefined ? field.schema.default === true : value === true}
          onChange={(event) => onValue(event.currentTarget.checked)}
        />
      );
    case 'choice':
      return (
        <Select
          {...shared}
          data={field.choices}
          value={value === undefined ? null : String(value)}
          onChange={onValue}
          clearable={!field.required}
        />
      );
    case 'number':
      return (
        <NumberInput
          {...shared}
          value={typeof value === 'number' ? value : ''}
          onChange={(number) => onValue(number === '' ? undefined : Number(number))}
          {...bounds(field)}
        />
      );
    case 'secret':
      return (
        <PasswordInput
          {...shared}
          placeholder={isSet(value) ? 'is set; leave empty to keep it' : ''}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => onValue(event.currentTarget.value)}
          autoComplete="off"
        />
      );
    case 'list':
    case 'json':
      return (
        <Textarea
          {...shared}
          autosize
          minRows={2}
          maxRows={10}
          value={text(value)}
          onChange={(event) => onValue(event.currentTarget.value)}
        />
      );
    default:
      return (
        <TextInput {...shared} value={text(value)} onChange={(event) => onValue(event.currentTarget.value)} />
      );
  }
}

function bounds(field: FormField) {
  return {
    ...(field.schema.minimum === undefined ? {} : { min: field.schema.minimum }),
    ...(field.schema.maximum === undefined ? {} : { max: field.schema.maximum }),
  };
}
