// Adds a destination or changes it: its kind, its name, its fields by their form; tested before it is saved.
// Deliberately absent: pausing and removing (`DestinationsPanel`).

import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem } from '../api/problem';
import { addDestination, putDestination, testDestination, useChange } from '../api/registry';
import type { DestinationDraft, GoalKind, ShownDestination } from '../api/types.gen';
import { Dialog } from '../widgets/Dialog';
import { Checks } from './Checks';
import { configuration, missing, type Values } from './fields';
import { below, placed } from './placed';
import { Refusal } from './Refusal';
import { SchemaForm } from './SchemaForm';

interface Props {
  kinds: GoalKind[];
  destination: ShownDestination | null;
  close: () => void;
}

export function DestinationDialog({ kinds, destination, close }: Props) {
  const [kind, setKind] = useState(destination?.kind ?? kinds[0]?.kind ?? '');
  const [name, setName] = useState(destination?.name ?? '');
  const [values, setValues] = useState<Values>({ ...destination?.config });
  const save = useChange((draft: DestinationDraft) =>
    destination === null ? addDestination(draft) : putDestination(draft),
  );
  const test = useMutation({ mutationFn: (draft: DestinationDraft) => testDestination(draft) });
  const schema = kinds.find((one) => one.kind === kind)?.schema ?? {};
  const draft = { name: name.trim(), kind, config: configuration(schema, values) };
  const lacking = missing(schema, values);
  const error = save.error ?? test.error;
  const refused = placed(error === null ? null : asProblem(error), ['name', 'kind'], [{ path: '', schema }]);
  return (
    <Dialog
      onClose={close}
      closeOnClickOutside={false}
      title={destination === null ? 'Add a destination' : destination.name}
      size="lg"
    >
      <Stack gap="sm">
        <Group grow align="start">
          <Select
            label="Kind"
            data={kinds.map((one) => ({ value: one.kind, label: one.title }))}
            value={kind}
            onChange={(value) => setKind(value ?? '')}
            disabled={destination !== null}
            error={refused.fields.get('kind')}
            allowDeselect={false}
          />
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            disabled={destination !== null}
            error={refused.fields.get('name')}
            required
          />
        </Group>
        <SchemaForm
          key={kind}
          schema={schema}
          values={values}
          onChange={setValues}
          errors={below(refused.fields, '')}
        />
        {test.data !== undefined && <Checks checks={test.data.checks} />}
        <Refusal placed={refused} refusal={error} />
        {lacking.length > 0 && (
          <Text size="xs" c="dimmed">
            Still to give: {lacking.join(', ')}
          </Text>
        )}
        <Group justify="end">
          <Button
            variant="default"
            onClick={() => {
              save.reset();
              test.mutate(draft);
            }}
            loading={test.isPending}
            disabled={draft.name === ''}
          >
            Test
          </Button>
          <Button
            onClick={() => {
              test.reset();
              save.mutate(draft, { onSuccess: close });
            }}
            loading={save.isPending}
            disabled={draft.name === ''}
          >
            Save
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
