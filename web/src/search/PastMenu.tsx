// Saved queries, and those that were run in this browser.
// Deliberately absent: saving (`SaveDialog`).

import { ActionIcon, Menu, ScrollArea, Text, TextInput, Tooltip } from '@mantine/core';
import { IconHistory, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useDropQuery, useSavedQueries } from '../api/saved';
import type { SavedQuery } from '../api/types.gen';
import { useMay } from '../app/session';
import { shortMoment, useZone } from '../time/moment';
import { parseRange, type TimeRange } from '../time/range';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import { recent } from './past';

export function PastMenu({ open }: { open: (query: string, range: TimeRange) => void }) {
  const saved = useSavedQueries();
  const drop = useDropQuery();
  const [removed, setRemoved] = useState<SavedQuery | null>(null);
  const mayWrite = useMay('analyst');
  const [zone] = useZone();
  const [find, setFind] = useState('');
  const needle = find.toLowerCase();
  const mine = (saved.data ?? []).filter((one) => `${one.name} ${one.text}`.toLowerCase().includes(needle));
  const past = recent().filter((one) => one.query.toLowerCase().includes(needle));
  const done = () => {
    drop.reset();
    setRemoved(null);
  };
  return (
    <>
      <Menu position="bottom-end" width={460} onOpen={() => setFind('')}>
        <Menu.Target>
          <Tooltip label="Saved and past queries">
            <ActionIcon aria-label="saved and past queries">
              <IconHistory size={17} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <TextInput
            placeholder="Find"
            aria-label="find a query"
            value={find}
            onChange={(event) => setFind(event.currentTarget.value)}
            m={4}
          />
          <ScrollArea.Autosize mah={380}>
            <Menu.Label>Saved</Menu.Label>
            {mine.length === 0 && (
              <Text size="xs" c="dimmed" px="sm" pb="xs">
                Nothing saved
                {needle === '' ? ' yet: the disk beside this saves what is in the editor.' : ' of that name.'}
              </Text>
            )}
            {mine.map((one) => (
              <Menu.Item
                key={one.id}
                onClick={() => open(one.text, parseRange(one.timespan))}
                rightSection={
                  mayWrite && (
                    <ActionIcon
                      component="span"
                      role="button"
                      aria-label={`delete ${one.name}`}
                      onClick={(event) => {
                        event.stopPropagation();
                        setRemoved(one);
                      }}
                    >
                      <IconTrash size={14} />
                    </ActionIcon>
                  )
                }
              >
                <Text size="sm" fw={600}>
                  {one.name}
                </Text>
                <Text size="xs" c="dimmed" ff="monospace" truncate>
                  {one.text.replace(/\s+/g, ' ')}
                </Text>
              </Menu.Item>
            ))}
            <Menu.Label>Asked in this browser</Menu.Label>
            {past.map((one) => (
              <Menu.Item key={`${one.at}${one.query}`} onClick={() => open(one.query, parseRange(one.time))}>
                <Text size="xs" ff="monospace" lineClamp={2}>
                  {one.query}
                </Text>
                <Text size="xs" c="dimmed">
                  {shortMoment(one.at, zone)}
                </Text>
              </Menu.Item>
            ))}
          </ScrollArea.Autosize>
        </Menu.Dropdown>
      </Menu>
      {removed !== null && (
        <ConfirmDialog
          title={`Remove “${removed.name}”?`}
          busy={drop.isPending}
          error={drop.error}
          confirm={() => drop.mutate(removed.id, { onSuccess: done })}
          close={done}
        >
          {removed.shared
            ? 'It is shared: nobody here will find it any more.'
            : 'Only you have it; it cannot be brought back.'}
        </ConfirmDialog>
      )}
    </>
  );
}
