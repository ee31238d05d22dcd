// Adds a tenant or changes it: its provider, its name, its sources by their forms; tested before it is saved.
// Deliberately absent: pausing and rotating (`TenantCard`).

import { Button, Group, Modal, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem } from '../api/problem';
import {
  addTenant,
  type Made,
  type ProviderKind,
  putTenant,
  type Tenant,
  type TenantDraft,
  testTenant,
  useChange,
} from '../api/registry';
import { ProblemView } from '../widgets/ProblemView';
import { Checks } from './Checks';
import { configuration, missing, type Values } from './fields';
import classes from './Registry.module.css';
import { SchemaForm } from './SchemaForm';
import { ShownOnce } from './ShownOnce';

interface Props {
  providers: ProviderKind[];
  tenant: Tenant | null;
  close: () => void;
}

export function TenantDialog({ providers, tenant, close }: Props) {
  const [provider, setProvider] = useState(tenant?.provider ?? providers[0]?.name ?? '');
  const [name, setName] = useState(tenant?.name ?? '');
  const kind = providers.find((one) => one.name === provider);
  const [values, setValues] = useState<Record<string, Values>>(() =>
    Object.fromEntries((tenant?.sources ?? []).map((source) => [source.name, { ...source.config }])),
  );
  const [used, setUsed] = useState<ReadonlySet<string>>(
    new Set(tenant?.sources.map((source) => source.name) ?? ['poll']),
  );
  const [made, setMade] = useState<Made | null>(null);
  const save = useChange((draft: TenantDraft) => (tenant === null ? addTenant(draft) : putTenant(draft)));
  const test = useMutation({ mutationFn: (draft: TenantDraft) => testTenant(draft) });
  const chosen = kind?.sources.filter((source) => used.has(source.name)) ?? [];
  const lacking = chosen.flatMap((source) => missing(source.schema, values[source.name] ?? {}));
  const draft: TenantDraft = {
    provider,
    name: name.trim(),
    sources: Object.fromEntries(
      chosen.map((source) => [source.name, configuration(source.schema, values[source.name] ?? {})]),
    ),
  };
  const error = save.error ?? test.error;
  const problem = error === null ? null : asProblem(error);
  const errors = (source: string) =>
    new Map(
      (problem?.parts ?? [])
        .filter((part) => part.path?.includes(source))
        .map((part) => [part.path?.split(`${source}.`).at(-1) ?? '', part.message]),
    );

  function toggle(source: string, on: boolean) {
    setUsed((before) => {
      const after = new Set(before);
      if (on) after.add(source);
      else after.delete(source);
      return after;
    });
  }
  const push = chosen.find((source) => source.via === 'push');
  return (
    <Modal
      opened
      onClose={close}
      title={tenant === null ? 'Add an application' : `${tenant.provider}/${tenant.name}`}
      size="lg"
    >
      {made !== null ? (
        <Stack gap="sm">
          <ShownOnce
            made={made}
            source={push === undefined ? null : `${provider}/${name.trim()}/${push.name}`}
          />
          <Button onClick={close}>Done</Button>
        </Stack>
      ) : (
        <Stack gap="sm">
          <Group grow align="start">
            <Select
              label="Provider"
              data={providers.map((one) => ({ value: one.name, label: one.title }))}
              value={provider}
              onChange={(value) => setProvider(value ?? '')}
              disabled={tenant !== null}
              allowDeselect={false}
            />
            <TextInput
              label="Name of the tenant"
              description="as it will stand in every event"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              disabled={tenant !== null}
              required
            />
          </Group>
          {kind?.sources.map((source) => (
            <fieldset key={`${provider}/${source.name}`} className={classes.source}>
              <legend>
                <Switch
                  label={
                    source.via === 'poll'
                      ? 'Ask the provider for its log (poll)'
                      : `Let the provider push (${source.name})`
                  }
                  checked={used.has(source.name)}
                  onChange={(event) => toggle(source.name, event.currentTarget.checked)}
                />
              </legend>
              {used.has(source.name) && (
                <SchemaForm
                  schema={source.schema}
                  values={values[source.name] ?? {}}
                  onChange={(next) => setValues({ ...values, [source.name]: next })}
                  errors={errors(source.name)}
                />
              )}
            </fieldset>
          ))}
          {test.data !== undefined && <Checks checks={test.data.checks} />}
          {problem !== null && <ProblemView problem={problem} compact />}
          {lacking.length > 0 && (
            <Text size="xs" c="dimmed">
              Still to give: {lacking.join(', ')}
            </Text>
          )}
          <Group justify="end">
            <Button
              variant="default"
              onClick={() => test.mutate(draft)}
              loading={test.isPending}
              disabled={draft.name === ''}
            >
              Test
            </Button>
            <Button
              onClick={() =>
                save.mutate(draft, {
                  onSuccess: (answer) => {
                    if (answer?.secret || answer?.url) setMade(answer);
                    else close();
                  },
                })
              }
              loading={save.isPending}
              disabled={draft.name === '' || chosen.length === 0}
            >
              Save
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
