// One field of a form that is made from a JSON Schema.
// Deliberately absent: fields within fields and alternatives (`SchemaForm`).

import { NumberInput, PasswordInput, Select, Switch, Textarea, TextInput } from '@mantine/core';
import type { FormField } from './fields';
import { isSet } from './fields';

interface Props {
  field: FormField;
  value: unknown;
  /** What is wrong with it; empty if nothing is. */
  error: string;
  onValue: (value: unknown) => void;
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.join('\n');
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
}

export function SchemaField({ field, value, error, onValue }: Props) {
  const shared = {
    label: field.label,
    description: field.about,
    withAsterisk: field.required,
    placeholder: field.placeholder,
    error: error === '' ? null : error,
  };
  switch (field.kind) {
    case 'switch':
      return (
        <Switch
          label={field.label}
          description={field.about}
          error={shared.error}
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
      // A password's input would take the line breaks out of a key file.
      return field.schema.contentMediaType !== undefined ? (
        <Textarea
          {...shared}
          autosize
          minRows={2}
          maxRows={6}
          placeholder={secretPlaceholder(field, value)}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => onValue(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
      ) : (
        <PasswordInput
          {...shared}
          placeholder={secretPlaceholder(field, value)}
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

function secretPlaceholder(field: FormField, value: unknown): string {
  if (isSet(value)) return 'is set; leave empty to keep it';
  return field.schema['x-generated'] === true ? 'leave empty to have one made' : '';
}

function bounds(field: FormField) {
  return {
    ...(field.schema.minimum === undefined ? {} : { min: field.schema.minimum }),
    ...(field.schema.maximum === undefined ? {} : { max: field.schema.maximum }),
  };
}
