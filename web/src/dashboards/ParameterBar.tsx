// The parameters of a dashboard above its tiles: time, tenant, free text, a choice.
// Deliberately absent: putting them into queries (`parameters`).

import { Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/ask';
import { useStatus } from '../api/status';
import type { Parameter } from '../api/types.gen';
import { PRESETS } from '../time/range';
import type { Values } from './parameters';

/** Between the last key and the questions. */
const PAUSE_MS = 350;
const CHOICES_MAX = 500;

interface Props {
  parameters: Parameter[];
  values: Values;
  timespan: string | undefined;
  onValue: (name: string, value: string) => void;
}

export function ParameterBar({ parameters, values, timespan, onValue }: Props) {
  return parameters.map((one) => {
    const value = values.get(one.name) ?? one.default;
    const change = (value: string) => onValue(one.name, value);
    if (one.kind === 'free') return <Free key={one.name} parameter={one} value={value} onValue={change} />;
    if (one.kind === 'tenant')
      return <Tenant key={one.name} parameter={one} value={value} onValue={change} />;
    if (one.kind === 'time')
      return (
        <Choice
          key={one.name}
          parameter={one}
          value={value}
          onValue={change}
          data={PRESETS.map((preset) => ({ value: preset.duration, label: preset.label }))}
        />
      );
    return <Asked key={one.name} parameter={one} value={value} onValue={change} timespan={timespan} />;
  });
}

interface OneProps {
  parameter: Parameter;
  value: string;
  onValue: (value: string) => void;
}

function Free({ parameter, value, onValue }: OneProps) {
  const [typed, setTyped] = useState(value);
  const soon = useDebouncedCallback(onValue, PAUSE_MS);
  return (
    <TextInput
      label={parameter.label}
      value={typed}
      placeholder="anything"
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        soon(event.currentTarget.value);
      }}
    />
  );
}

function Choice({
  parameter,
  value,
  onValue,
  data,
}: OneProps & { data: { value: string; label: string }[] }) {
  return (
    <Select
      label={parameter.label}
      value={value}
      onChange={(chosen) => onValue(chosen ?? '')}
      data={data}
      searchable={data.length > 12}
      allowDeselect={false}
      w={180}
    />
  );
}

function Tenant(props: OneProps) {
  const status = useStatus();
  const tenants = [...new Set((status.data?.sources ?? []).map((one) => one.source.tenant))].sort();
  return (
    <Choice
      {...props}
      data={[
        { value: '', label: 'All tenants' },
        ...tenants.map((tenant) => ({ value: tenant, label: tenant })),
      ]}
    />
  );
}

/** The values come with the dashboard, or from a query's first column. */
function Asked({ timespan, ...props }: OneProps & { timespan: string | undefined }) {
  const { parameter } = props;
  const answer = useQuery({
    queryKey: ['choices', parameter.query, timespan],
    enabled: (parameter.query ?? '') !== '',
    queryFn: ({ signal }) => ask(parameter.query ?? '', timespan, signal, CHOICES_MAX),
  });
  const found = answer.data?.rows.map((row) => String(row[0] ?? '')).filter((text) => text !== '') ?? [];
  const values = [...new Set([...(parameter.values ?? []), ...found])];
  return (
    <Choice
      {...props}
      data={[
        { value: '', label: 'All' },
        ...values.filter((one) => one !== '').map((one) => ({ value: one, label: one })),
      ]}
    />
  );
}
