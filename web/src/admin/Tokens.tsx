// Tokens of programs: made with a role and an end, shown once, revoked.
// Deliberately absent: those of the configuration file can be seen, not changed.

import {
  ActionIcon,
  Button,
  Code,
  Modal,
  NumberInput,
  Select,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { addToken, dropToken, ROLES, useAccessChange, useTokens } from '../api/access';
import { asProblem } from '../api/problem';
import type { Role } from '../api/types.gen';
import { agoText, dayText, useZone } from '../time/moment';
import { DataTable } from '../widgets/DataTable';
import { Empty } from '../widgets/Empty';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';

export function Tokens() {
  const tokens = useTokens();
  const [zone] = useZone();
  const [adding, setAdding] = useState(false);
  const drop = useAccessChange('tokens', dropToken);
  const error = tokens.error ?? drop.error;
  return (
    <Panel
      title="Tokens"
      note="for programs: Authorization: Bearer dl_…"
      flush
      actions={
        <Button size="compact-xs" leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
          Token
        </Button>
      }
    >
      {error !== null && <ProblemView problem={asProblem(error)} compact />}
      {tokens.data?.length === 0 ? (
        <Empty title="No tokens">A script or another system needs one to ask over HTTP.</Empty>
      ) : (
        <DataTable
          label="tokens"
          rows={tokens.data ?? []}
          id={(one) => one.id}
          fields={[
            { title: 'Name', cell: (one) => <b className="foreign">{one.name}</b> },
            { title: 'Role', cell: (one) => one.role },
            {
              title: 'Made',
              cell: (one) => (one.created === null ? 'in the file' : agoText(one.created, Date.now())),
            },
            {
              title: 'Ends',
              cell: (one) => (one.expires === null ? 'never' : dayText(Date.parse(one.expires), zone)),
            },
            { title: 'Last used', cell: (one) => agoText(one.last_used, Date.now()) },
            {
              title: 'Change',
              cell: (one) => (
                <Tooltip label={one.managed === 'file' ? 'Written in the configuration file' : 'Revoke'}>
                  <ActionIcon
                    aria-label={`revoke ${one.name}`}
                    disabled={one.managed === 'file'}
                    onClick={() => drop.mutate(one.id)}
                  >
                    <IconTrash size={15} />
                  </ActionIcon>
                </Tooltip>
              ),
            },
          ]}
        />
      )}
      {adding && <TokenDialog close={() => setAdding(false)} />}
    </Panel>
  );
}

function TokenDialog({ close }: { close: () => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [days, setDays] = useState<number | ''>(365);
  const add = useAccessChange('tokens', addToken);
  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate({ name: name.trim(), role, ...(days === '' ? {} : { expires_days: days }) });
  }
  return (
    <Modal opened onClose={close} title="Make a token" size="md">
      {add.data !== undefined ? (
        <Stack gap="sm">
          <Text size="sm">It is shown only now. Put it where the program reads its secrets.</Text>
          <Code block>{add.data.token}</Code>
          <Button onClick={close}>Done</Button>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              label="Name"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              data-autofocus
              required
            />
            <Select
              label="Role"
              data={ROLES}
              value={role}
              onChange={(value) => setRole(value as Role)}
              allowDeselect={false}
            />
            <NumberInput
              label="Valid for, days"
              description="Empty: without an end"
              min={1}
              value={days}
              onChange={(value) => setDays(value === '' ? '' : Number(value))}
            />
            {add.error !== null && <ProblemView problem={asProblem(add.error)} compact />}
            <Button type="submit" loading={add.isPending}>
              Make
            </Button>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
