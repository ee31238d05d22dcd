// What a push source needs at the provider: address and secret, shown once; then waits, live, for the first event.
// Deliberately absent: making the secret; the server does.

import { ActionIcon, Code, CopyButton, Loader, Stack, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useRef } from 'react';
import type { Made } from '../api/registry';
import { useStatus } from '../api/status';
import { sourceName } from '../status/words';
import { Lamp } from '../widgets/Lamp';
import classes from './Registry.module.css';

export function ShownOnce({ made, source }: { made: Made; source: string | null }) {
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
      {made.url && <Line label="address" value={made.url} />}
      {made.secret && <Line label="secret" value={made.secret} />}
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

function Line({ label, value }: { label: string; value: string }) {
  return (
    <div className={classes.line}>
      <span className="quiet">{label}</span>
      <Code className="foreign">{value}</Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon onClick={copy} aria-label={`copy the ${label}`}>
              {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </div>
  );
}
