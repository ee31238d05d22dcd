// Changes one's own password.
// Deliberately absent: other people's (`admin`).

import { Button, PasswordInput, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { json } from '../api/client';
import { asProblem } from '../api/problem';
import { Dialog } from '../widgets/Dialog';
import { ProblemView } from '../widgets/ProblemView';

export function PasswordDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const change = useMutation({
    mutationFn: () => json('/api/v1/session/password', { method: 'POST', body: { old, new: fresh } }),
    onSuccess: () => {
      notifications.show({ message: 'Your password is changed.' });
      setOld('');
      setFresh('');
      close();
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    change.mutate();
  }
  return (
    <Dialog opened={opened} onClose={close} title="Change password" size="sm">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <PasswordInput
            label="Present password"
            value={old}
            onChange={(event) => setOld(event.currentTarget.value)}
            autoComplete="current-password"
            data-autofocus
            required
          />
          <PasswordInput
            label="New password"
            value={fresh}
            onChange={(event) => setFresh(event.currentTarget.value)}
            autoComplete="new-password"
            required
          />
          {change.error !== null && <ProblemView problem={asProblem(change.error)} compact />}
          <Button type="submit" loading={change.isPending}>
            Change
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
