// Asks once more before something is removed: what goes, what stays, and the one red button.
// Deliberately absent: removing; whoever opens it does.

import { Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { asProblem } from '../api/problem';
import { Dialog } from './Dialog';
import { ProblemView } from './ProblemView';

interface Props {
  /** A question: `Remove jane?` */
  title: string;
  /** What goes and what stays; or what has to be said first. */
  children: ReactNode;
  /** What the button says. */
  act?: string;
  /** Whether everything is said that has to be. */
  ready?: boolean;
  busy: boolean;
  error: unknown;
  confirm: () => void;
  close: () => void;
}

export function ConfirmDialog({
  title,
  children,
  act = 'Remove',
  ready = true,
  busy,
  error,
  confirm,
  close,
}: Props) {
  return (
    <Dialog onClose={close} title={title} size="md">
      <Stack gap="md">
        {typeof children === 'string' ? <Text size="sm">{children}</Text> : children}
        {error !== null && <ProblemView problem={asProblem(error)} compact />}
        <Group justify="end">
          <Button variant="default" onClick={close}>
            Keep
          </Button>
          <Button color="red" loading={busy} disabled={!ready} onClick={confirm}>
            {act}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
