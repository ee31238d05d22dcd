// Saved queries, and those that were run in this browser.
// Deliberately absent: saving (`SaveDialog`).

import { ActionIcon, Popover, ScrollArea, Text, TextInput, Tooltip } from '@mantine/core';
import { IconHistory, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useDropQuery, useSavedQueries } from '../api/saved';
import type { SavedQuery } from '../api/types.gen';
import { useMay } from '../app/session';
import { shortMoment, useZone } from '../time/moment';
import { parseRange, type TimeRange } from '../time/range';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import classes from './PastQueries.module.css';
import { recent } from './past';

export function PastQueries({ open }: { open: (query: string, range: TimeRange) => void }) {
  const saved = useSavedQueries();
  const drop = useDropQuery();
  const [opened, setOpened] = useState(false);
  const [removed, setRemoved] = useState<SavedQuery | null>(null);
  const mayWrite = useMay('analyst');
  const [zone] = useZone();
  const [find, setFind] = useState('');
  const needle = find.toLowerCase();
  const mine = (saved.data ?? []).filter((one) => `${one.name} ${one.text}`.toLowerCase().includes(needle));
  const past = recent().filter((one) => one.query.toLowerCase().includes(needle));
  const take = (query: string, time: string | null | undefined) => {
    setOpened(false);
    open(query, parseRange(time));
  };
  const done = () => {
    drop.reset();
    setRemoved(null);
  };
  return (
    <>
      <Popover
        opened={opened}
        onChange={setOpened}
        position="bottom-end"
        shadow="md"
        width={460}
        trapFocus
        returnFocus
      >
        <Popover.Target>
          <Tooltip label="Saved and past queries">
            <ActionIcon
              aria-label="saved and past queries"
              aria-haspopup="dialog"
              onClick={() => {
                setFind('');
                setOpened(!opened);
              }}
            >
              <IconHistory size={17} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
        </Popover.Target>
        <Popover.Dropdown p={6} aria-label="saved and past queries">
          <TextInput
            placeholder="Find"
            aria-label="find a query"
            value={find}
            onChange={(event) => setFind(event.currentTarget.value)}
            m={4}
            data-autofocus
          />
          <ScrollArea.Autosize mah={380}>
            <h3 className={classes.head}>Saved</h3>
            {mine.length === 0 && (
              <Text size="xs" c="dimmed" px={8} pb="xs">
                Nothing saved
                {needle === '' ? ' yet: the disk beside this saves what is in the editor.' : ' of that name.'}
              </Text>
            )}
            <ul className={classes.list}>
              {mine.map((one) => (
                <li key={one.id} className={classes.line}>
                  <button type="button" className={classes.open} onClick={() => take(one.text, one.timespan)}>
                    <Text size="sm" fw={600} className="foreign">
                      {one.name}
                    </Text>
                    <Text size="xs" c="dimmed" ff="monospace" truncate>
                      {one.text.replace(/\s+/g, ' ')}
                    </Text>
                  </button>
                  {mayWrite && (
                    <ActionIcon aria-label={`delete ${one.name}`} onClick={() => setRemoved(one)}>
                      <IconTrash size={14} />
                    </ActionIcon>
                  )}
                </li>
              ))}
            </ul>
            <h3 className={classes.head}>Asked in this browser</h3>
            <ul className={classes.list}>
              {past.map((one) => (
                <li key={`${one.at}${one.query}`} className={classes.line}>
                  <button type="button" className={classes.open} onClick={() => take(one.query, one.time)}>
                    <Text size="xs" ff="monospace" lineClamp={2}>
                      {one.query}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {shortMoment(one.at, zone)}
                    </Text>
                  </button>
                </li>
              ))}
            </ul>
          </ScrollArea.Autosize>
        </Popover.Dropdown>
      </Popover>
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
