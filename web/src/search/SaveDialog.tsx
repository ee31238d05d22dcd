// Saves the query under a name, for oneself or for all.
// Deliberately absent: the list of what is saved (`PastQueries`).

import { Button, Stack, Switch, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type FormEvent, useState } from 'react';
import { asProblem } from '../api/problem';
import { useSavedQueries, useSaveQuery } from '../api/saved';
import { rangeText, type TimeRange } from '../time/range';
import { Dialog } from '../widgets/Dialog';
import { ProblemView } from '../widgets/ProblemView';

interface Props {
  opened: boolean;
  close: () => void;
  query: string;
  range: TimeRange;
}

export function SaveDialog({ opened, close, query, range }: Props) {
  const [name, setName] = useState('');
  const [shared, setShared] = useState(true);
  const [timed, setTimed] = useState(true);
  const saved = useSavedQueries();
  const save = useSaveQuery();
  const same = saved.data?.find((one) => one.name === name.trim());
  function submit(event: FormEvent) {
    event.preventDefault();
    const draft = {
      name: name.trim(),
      text: query,
      timespan: timed && range.kind !== 'all' ? rangeText(range) : null,
      shared,
    };
    save.mutate(same === undefined ? draft : { ...draft, id: same.id }, {
      onSuccess: () => {
        notifications.show({ message: `“${name.trim()}” is saved. Ctrl+K finds it.` });
        close();
      },
    });
  }
  return (
    <Dialog opened={opened} onClose={close} title="Save this query">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
            required
            maxLength={200}
            description={same === undefined ? undefined : 'A query of this name exists and will be replaced.'}
          />
          <Switch
            label="With the chosen time"
            checked={timed}
            onChange={(event) => setTimed(event.currentTarget.checked)}
          />
          <Switch
            label="For everybody who signs in here"
            checked={shared}
            onChange={(event) => setShared(event.currentTarget.checked)}
          />
          {save.error !== null && <ProblemView problem={asProblem(save.error)} compact />}
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ''}>
            Save
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
