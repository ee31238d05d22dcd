// Gives a source another secret. Of a pushed one the old secret stays valid for a while, and the new one is made if none is
// given; of a polled one it was made at the provider.
// Deliberately absent: the other fields of a source (`TenantDialog`).

import { Button, NumberInput, PasswordInput, Stack } from '@mantine/core';
import { useState } from 'react';
import { asProblem } from '../api/problem';
import { rotateSource, useChange } from '../api/registry';
import type { ShownSource } from '../api/types.gen';
import { Dialog } from '../widgets/Dialog';
import { ProblemView } from '../widgets/ProblemView';
import { ShownOnce } from './ShownOnce';

export function Rotate({ of, close }: { of: ShownSource; close: () => void }) {
  const source = of.source;
  const isPushed = of.via === 'push';
  const [secret, setSecret] = useState('');
  const [hours, setHours] = useState(24);
  const rotate = useChange(rotateSource);
  return (
    <Dialog onClose={close} title={`Another secret for ${source}`}>
      <Stack gap="sm">
        {rotate.data?.secret ? (
          <ShownOnce made={{ url: of.url, secret: rotate.data.secret }} source={null} />
        ) : (
          <>
            <PasswordInput
              label="New secret"
              description={
                isPushed
                  ? 'Leave it empty to have one made.'
                  : 'Make another one at the provider first, and give it here.'
              }
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              autoComplete="off"
            />
            {isPushed && (
              <NumberInput
                label="Keep the old one valid, hours"
                min={0}
                max={720}
                value={hours}
                onChange={(value) => setHours(Number(value))}
              />
            )}
            {rotate.error !== null && <ProblemView problem={asProblem(rotate.error)} compact />}
            <Button
              loading={rotate.isPending}
              onClick={() =>
                rotate.mutate(
                  { source, keep_old_hours: hours, ...(secret === '' ? {} : { secret }) },
                  { onSuccess: (answer) => !answer?.secret && close() },
                )
              }
            >
              Rotate
            </Button>
          </>
        )}
      </Stack>
    </Dialog>
  );
}
