// People who may sign in: added, given another role or password, removed.
// Deliberately absent: what roles may do; the server's table of routes says it.

import { ActionIcon, Button, Group, PasswordInput, Stack, TextInput, Tooltip } from '@mantine/core';
import { IconKey, IconPlus, IconTrash } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { addUser, dropUser, putUser, useAccessChange, useUsers } from '../api/access';
import { asProblem } from '../api/problem';
import type { Role } from '../api/types.gen';
import { useMe } from '../app/session';
import { agoText } from '../time/moment';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import { DataTable } from '../widgets/DataTable';
import { Dialog } from '../widgets/Dialog';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import { RoleSelect } from '../widgets/RoleSelect';

export function Users() {
  const users = useUsers();
  const me = useMe();
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const put = useAccessChange('users', putUser);
  const [removed, setRemoved] = useState<string | null>(null);
  const drop = useAccessChange('users', dropUser);
  const done = () => {
    drop.reset();
    setRemoved(null);
  };
  const error = users.error ?? put.error;
  const now = Date.now();
  return (
    <Panel
      title="People"
      flush
      actions={
        <Button size="compact-xs" leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
          Person
        </Button>
      }
    >
      {error !== null && <ProblemView problem={asProblem(error)} compact />}
      <DataTable
        label="people"
        rows={users.data ?? []}
        id={(one) => one.name}
        fields={[
          { title: 'Name', cell: (one) => <b className="foreign">{one.name}</b> },
          {
            title: 'Role',
            cell: (one) => (
              <RoleSelect
                name={`role of ${one.name}`}
                value={one.role}
                onChange={(role) => put.mutate({ name: one.name, role })}
              />
            ),
          },
          { title: 'Since', cell: (one) => agoText(one.created, now) },
          { title: 'Last seen', cell: (one) => agoText(one.last_seen, now) },
          {
            title: 'Change',
            cell: (one) => (
              <Group gap={2}>
                <Tooltip label="Another password">
                  <ActionIcon
                    aria-label={`another password for ${one.name}`}
                    onClick={() => setSecret(one.name)}
                  >
                    <IconKey size={15} />
                  </ActionIcon>
                </Tooltip>
                <Tooltip label={one.name === me.name ? 'This is you' : 'Remove'}>
                  <ActionIcon
                    aria-label={`remove ${one.name}`}
                    disabled={one.name === me.name}
                    onClick={() => setRemoved(one.name)}
                  >
                    <IconTrash size={15} />
                  </ActionIcon>
                </Tooltip>
              </Group>
            ),
          },
        ]}
      />
      {adding && <PersonDialog close={() => setAdding(false)} />}
      {removed !== null && (
        <ConfirmDialog
          title={`Remove ${removed}?`}
          busy={drop.isPending}
          error={drop.error}
          confirm={() => drop.mutate(removed, { onSuccess: done })}
          close={done}
        >
          Sessions of this person end at once. What the person shared stays, and so does the audit trail.
        </ConfirmDialog>
      )}
      {secret !== null && <PasswordOf name={secret} close={() => setSecret(null)} />}
    </Panel>
  );
}

function PersonDialog({ close }: { close: () => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [password, setPassword] = useState('');
  const add = useAccessChange('users', addUser);
  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate({ name: name.trim(), role, password }, { onSuccess: close });
  }
  return (
    <Dialog onClose={close} title="Add a person" size="sm">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
            required
            autoComplete="off"
          />
          <RoleSelect label="Role" value={role} onChange={setRole} />
          <PasswordInput
            label="First password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            required
            autoComplete="new-password"
          />
          {add.error !== null && <ProblemView problem={asProblem(add.error)} compact />}
          <Button type="submit" loading={add.isPending}>
            Add
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}

function PasswordOf({ name, close }: { name: string; close: () => void }) {
  const [password, setPassword] = useState('');
  const put = useAccessChange('users', putUser);
  function submit(event: FormEvent) {
    event.preventDefault();
    put.mutate({ name, password }, { onSuccess: close });
  }
  return (
    <Dialog onClose={close} title={`Another password for ${name}`} size="sm">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <PasswordInput
            label="Password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            data-autofocus
            required
            autoComplete="new-password"
          />
          {put.error !== null && <ProblemView problem={asProblem(put.error)} compact />}
          <Button type="submit" loading={put.isPending}>
            Set
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
