// Tokens of programs: made with a role and an end, shown once, revoked.
// Deliberately absent: those of the configuration file can be seen, not changed.

import { ActionIcon, Button, Code, NumberInput, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { addToken, dropToken, useAccessChange, useTokens } from '../api/access';
import { asProblem } from '../api/problem';
import type { Role, Token } from '../api/types.gen';
import { agoText, dayText, useZone } from '../time/moment';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import { DataTable } from '../widgets/DataTable';
import { Dialog } from '../widgets/Dialog';
import { Empty } from '../widgets/Empty';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import { RoleSelect } from '../widgets/RoleSelect';

export function Tokens() {
  const tokens = useTokens();
  const [zone] = useZone();
  const [adding, setAdding] = useState(false);
  const [revoked, setRevoked] = useState<Token | null>(null);
  const drop = useAccessChange('tokens', dropToken);
  const done = () => {
    drop.reset();
    setRevoked(null);
  };
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
      {tokens.error !== null && <ProblemView problem={asProblem(tokens.error)} compact />}
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
                    onClick={() => setRevoked(one)}
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
      {revoked !== null && (
        <ConfirmDialog
          title={`Revoke ${revoked.name}?`}
          act="Revoke"
          busy={drop.isPending}
          error={drop.error}
          confirm={() => drop.mutate(revoked.id, { onSuccess: done })}
          close={done}
        >
          Programs that use it are refused from now on. It cannot be brought back; another one can be made.
        </ConfirmDialog>
      )}
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
    <Dialog onClose={close} title="Make a token" size="md">
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
            <RoleSelect label="Role" value={role} onChange={setRole} />
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
    </Dialog>
  );
}
