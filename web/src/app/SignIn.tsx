// Name and password, on a page of its own or over the page that was open when the session ended.
// Deliberately absent: what happens afterwards (`SessionGate`).

import { Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { json } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import type { Session } from '../api/types.gen';
import { ProblemView } from '../widgets/ProblemView';
import icon from './icon.svg';
import classes from './SignIn.module.css';

interface Props {
  done: (session: Session) => void;
  name?: string;
  inPlace?: boolean;
}

export function SignIn({ done, name: known = '', inPlace = false }: Props) {
  const [name, setName] = useState(known);
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      done(await json<Session>('/api/v1/session', { method: 'POST', body: { name, password } }));
    } catch (error) {
      setProblem(asProblem(error));
      setPassword('');
    } finally {
      setBusy(false);
    }
  }

  const form = (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {inPlace && (
          <Text size="sm" c="dimmed">
            Sign in again to go on where you were. Nothing on the page is lost.
          </Text>
        )}
        <TextInput
          label="Name"
          size="sm"
          autoComplete="username"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus={known === '' ? true : undefined}
          autoFocus={known === ''}
          required
          withAsterisk={false}
        />
        <PasswordInput
          label="Password"
          size="sm"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          data-autofocus={known === '' ? undefined : true}
          required
          withAsterisk={false}
        />
        {problem !== null && <ProblemView problem={problem} compact />}
        <Button type="submit" size="sm" loading={busy} fullWidth mt={4}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
  if (inPlace) return form;
  return (
    <main className={classes.page}>
      <Paper className={classes.card} p="xl" radius="md" withBorder>
        <div className={classes.brand}>
          <img src={icon} alt="" width={34} height={34} />
          <div>
            <Title order={1}>doorledger</Title>
            <Text size="xs" c="dimmed">
              every door opened, on record
            </Text>
          </div>
        </div>
        {form}
        <Text size="xs" c="dimmed" mt="lg">
          First start? The name is <b>admin</b>; its password was printed once by the server.
        </Text>
      </Paper>
    </main>
  );
}
