// What concerns a whole dashboard: title, description, time, refresh, parameters.
// Deliberately absent: tiles.

import { ActionIcon, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { Dashboard, Parameter } from '../api/types.gen';
import { PRESETS } from '../time/range';
import { Dialog } from '../widgets/Dialog';
import type { ParameterKind } from './parameters';
import { REFRESHES } from './refresh';

const KINDS: { value: ParameterKind; label: string }[] = [
  { value: 'tenant', label: 'Tenant' },
  { value: 'free', label: 'Free text' },
  { value: 'choice', label: 'Choice' },
  { value: 'time', label: 'Length of time' },
];

interface Props {
  dashboard: Dashboard;
  save: (dashboard: Dashboard) => void;
  close: () => void;
}

export function SettingsDialog({ dashboard, save, close }: Props) {
  const [draft, setDraft] = useState(dashboard);
  const change = (at: number, part: Partial<Parameter>) =>
    setDraft({
      ...draft,
      parameters: draft.parameters.map((one, index) => (index === at ? { ...one, ...part } : one)),
    });
  const add = () =>
    setDraft({
      ...draft,
      parameters: [
        ...draft.parameters,
        { name: `p${draft.parameters.length + 1}`, label: 'Parameter', kind: 'free', default: '' },
      ],
    });
  const wrong = draft.parameters.some((one) => !/^[A-Za-z_]\w*$/.test(one.name));
  return (
    <Dialog onClose={close} title="Dashboard" size="lg">
      <Stack gap="sm">
        <TextInput
          label="Title"
          value={draft.title}
          onChange={(event) => setDraft({ ...draft, title: event.currentTarget.value })}
          required
          data-autofocus
        />
        <TextInput
          label="Description"
          value={draft.about}
          onChange={(event) => setDraft({ ...draft, about: event.currentTarget.value })}
        />
        <Group grow>
          <Select
            label="Time, unless another is chosen"
            value={draft.timespan}
            onChange={(value) => setDraft({ ...draft, timespan: value ?? 'P1D' })}
            data={PRESETS.map((preset) => ({ value: preset.duration, label: preset.label }))}
            allowDeselect={false}
          />
          <Select
            label="Refresh"
            value={String(draft.refresh_seconds ?? 0)}
            onChange={(value) =>
              setDraft({ ...draft, refresh_seconds: Number(value) === 0 ? null : Number(value) })
            }
            data={REFRESHES}
            allowDeselect={false}
          />
        </Group>
        <Text size="sm" fw={600}>
          Parameters
        </Text>
        <Text size="xs" c="dimmed">
          In queries <code>{'{name}'}</code> stands for the value, quoted:{' '}
          <code>{'| where isempty({tenant}) or Tenant == {tenant}'}</code>
        </Text>
        {draft.parameters.map((one, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the name is being typed, the place stays
          <Group key={at} gap={6} align="end" wrap="nowrap">
            <TextInput
              label="Name"
              value={one.name}
              onChange={(event) => change(at, { name: event.currentTarget.value })}
              error={/^[A-Za-z_]\w*$/.test(one.name) ? null : 'letters, digits, _'}
            />
            <TextInput
              label="Label"
              value={one.label}
              onChange={(event) => change(at, { label: event.currentTarget.value })}
            />
            <Select
              label="Kind"
              w={130}
              value={one.kind}
              onChange={(kind) => change(at, { kind: (kind as ParameterKind | null) ?? 'free' })}
              data={KINDS}
              allowDeselect={false}
            />
            <TextInput
              label="Default"
              w={100}
              value={one.default}
              onChange={(event) => change(at, { default: event.currentTarget.value })}
            />
            {one.kind === 'choice' && (
              <TextInput
                label="Values, or KQL"
                value={one.query ?? one.values?.join(', ') ?? ''}
                onChange={(event) => change(at, choices(event.currentTarget.value))}
              />
            )}
            <ActionIcon
              aria-label={`remove ${one.name}`}
              onClick={() =>
                setDraft({ ...draft, parameters: draft.parameters.filter((_one, index) => index !== at) })
              }
            >
              <IconTrash size={15} />
            </ActionIcon>
          </Group>
        ))}
        <Group justify="space-between">
          <Button variant="subtle" leftSection={<IconPlus size={14} />} onClick={add}>
            Parameter
          </Button>
          <Button onClick={() => save(draft)} disabled={draft.title.trim() === '' || wrong}>
            Take over
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

/** A query has a pipe; everything else is a list. */
function choices(text: string): Partial<Parameter> {
  return text.includes('|')
    ? { query: text, values: [] }
    : {
        query: '',
        values: text
          .split(',')
          .map((one) => one.trim())
          .filter(Boolean),
      };
}
