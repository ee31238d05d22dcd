// Adds a tenant or changes it: its provider, its name, its sources by their forms; tested before it is saved.
// Deliberately absent: pausing and rotating (`TenantCard`).

import { Button, Group, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem } from '../api/problem';
import { addTenant, putTenant, testTenant, useChange } from '../api/registry';
import type { Made, ProviderKind, ShownTenant } from '../api/types.gen';
import { Dialog } from '../widgets/Dialog';
import { Checks } from './Checks';
import { configuration, missing, type Values } from './fields';
import { below, placed } from './placed';
import { Refusal } from './Refusal';
import classes from './Registry.module.css';
import { SchemaForm } from './SchemaForm';
import { ShownOnce } from './ShownOnce';

interface Props {
  providers: ProviderKind[];
  tenant: ShownTenant | null;
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
  const save = useChange(tenant === null ? addTenant : putTenant);
  const test = useMutation({ mutationFn: testTenant });
  const chosen = kind?.sources.filter((source) => used.has(source.name)) ?? [];
  const lacking = chosen.flatMap((source) => missing(source.schema, values[source.name] ?? {}));
  const draft = {
    provider,
    name: name.trim(),
    sources: Object.fromEntries(
      chosen.map((source) => [source.name, configuration(source.schema, values[source.name] ?? {})]),
    ),
  };
  const error = save.error ?? test.error;
  const refused = placed(
    error === null ? null : asProblem(error),
    ['name', 'provider'],
    chosen.map((source) => ({ path: `sources.${source.name}`, schema: source.schema })),
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
    <Dialog
      onClose={close}
      closeOnClickOutside={false}
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
              error={refused.fields.get('provider')}
              allowDeselect={false}
            />
            <TextInput
              label="Name of the tenant"
              description="as it will stand in every event"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              disabled={tenant !== null}
              error={refused.fields.get('name')}
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
                  errors={below(refused.fields, `sources.${source.name}`)}
                />
              )}
            </fieldset>
          ))}
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
                save.mutate(draft, {
                  onSuccess: (answer) => (answer.secret || answer.url ? setMade(answer) : close()),
                });
              }}
              loading={save.isPending}
              disabled={draft.name === '' || chosen.length === 0}
            >
              Save
            </Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  );
}
