// The address to which a provider pushes, to be pasted there, and in words where it comes from.
// Deliberately absent: finding out whether the provider can reach it; the first event tells.

import { Text } from '@mantine/core';
import { useTenants } from '../api/registry';
import { CopyLine } from './CopyLine';

export function PushAddress({ url }: { url: string }) {
  const tenants = useTenants();
  const isGuessed = tenants.data != null && tenants.data.public_url == null;
  return (
    <div>
      <CopyLine label="address" value={url} />
      {isGuessed && (
        <Text size="xs" c="dimmed">
          It begins with the address by which this page was opened. If providers reach the server by another
          one, set <b>public_url</b> in the configuration file.
        </Text>
      )}
    </div>
  );
}
