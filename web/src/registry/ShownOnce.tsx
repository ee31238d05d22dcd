// What a push source needs at the provider: address and secret, shown once; then waits, live, for the first event.
// Deliberately absent: making the secret; the server does.

import { Loader, Stack, Text } from '@mantine/core';
import { useRef } from 'react';
import { useStatus } from '../api/status';
import { sourceName } from '../status/words';
import { Lamp } from '../widgets/Lamp';
import { CopyLine } from './CopyLine';
import { PushAddress } from './PushAddress';
import classes from './Registry.module.css';

interface Props {
  made: { url?: string | null | undefined; secret?: string | null };
  /** The source of which the first event is waited for; `null` if it had some before. */
  source: string | null;
}

export function ShownOnce({ made, source }: Props) {
  const status = useStatus();
  const opened = useRef(Date.now());
  const found = status.data?.sources.find((one) => sourceName(one.source) === source);
  const came =
    found?.last_received !== null &&
    found?.last_received !== undefined &&
    Date.parse(found.last_received) > opened.current - 5_000;
  return (
    <Stack gap="xs" className={classes.once}>
      <Text size="sm" fw={600}>
        Paste this at the provider. The secret is shown only now.
      </Text>
      {made.url && <PushAddress url={made.url} />}
      {made.secret && <CopyLine label="secret" value={made.secret} />}
      {source !== null && (
        <div role="status" aria-live="polite">
          {came ? (
            <Lamp tone="good">The first event has come.</Lamp>
          ) : (
            <Text size="sm" component="div">
              <Loader size={12} /> Waiting for the first event…
            </Text>
          )}
        </div>
      )}
    </Stack>
  );
}
