// What can be done with a column of the result: sort, filter, group, pin, hide, widen.
// Deliberately absent: doing it; the page keeps the state.

import { ActionIcon, Checkbox, Popover, TextInput } from '@mantine/core';
import {
  IconArrowDown,
  IconArrowUp,
  IconDotsVertical,
  IconEyeOff,
  IconPin,
  IconPinnedOff,
  IconStack2,
  IconX,
} from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { cellText } from '../rows/cell';
import type { Cell, PackedRows } from '../rows/packed';
import { type ColumnFilter, topValues } from '../rows/view';
import type { Placed } from '../table/layout';
import { countText, useZone } from '../time/moment';
import classes from './ColumnMenu.module.css';

export interface ColumnActions {
  sort: (column: string, descending: boolean) => void;
  hide: (column: string) => void;
  pin: (column: string) => void;
  group: (column: string | null) => void;
  filter: (filter: ColumnFilter | null, column: string) => void;
}

interface Props {
  column: Placed;
  rows: PackedRows;
  filter: ColumnFilter | undefined;
  grouped: boolean;
  actions: ColumnActions;
}

/** Values offered to choose among. */
const VALUES_MAX = 100;

export function ColumnMenu({ column, rows, filter, grouped, actions }: Props) {
  const [opened, setOpened] = useState(false);
  const { name } = column.column;
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      shadow="md"
      trapFocus
      returnFocus
      withinPortal
    >
      <Popover.Target>
        <ActionIcon
          size={20}
          onClick={() => setOpened(!opened)}
          aria-label={`column ${name.slice(0, 60)}`}
          aria-haspopup="dialog"
          className={classes.dots}
        >
          <IconDotsVertical size={13} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown p={6} w={260}>
        {opened && <Body {...{ column, rows, filter, grouped, actions }} close={() => setOpened(false)} />}
      </Popover.Dropdown>
    </Popover>
  );
}

function Body({ column, rows, filter, grouped, actions, close }: Props & { close: () => void }) {
  const { name, type } = column.column;
  const [zone] = useZone();
  const [contains, setContains] = useState(filter?.contains ?? '');
  const values = useMemo(() => topValues(rows, name, VALUES_MAX), [rows, name]);
  const among = filter?.among;
  const does = (act: () => void) => () => {
    act();
    close();
  };
  function change(next: { contains?: string; among?: Cell[] | undefined }) {
    const text = next.contains ?? contains;
    const chosen = 'among' in next ? next.among : among;
    if (text === '' && chosen === undefined) actions.filter(null, name);
    else
      actions.filter(
        { column: name, contains: text, ...(chosen === undefined ? {} : { among: chosen }) },
        name,
      );
  }
  function toggle(value: Cell) {
    const all = new Set(among ?? []);
    if (!all.delete(value)) all.add(value);
    change({ among: all.size === 0 ? undefined : [...all] });
  }
  return (
    <>
      <div className={classes.buttons}>
        <button type="button" onClick={does(() => actions.sort(name, false))}>
          <IconArrowUp size={14} /> Sort upwards
        </button>
        <button type="button" onClick={does(() => actions.sort(name, true))}>
          <IconArrowDown size={14} /> Sort downwards
        </button>
        <button type="button" onClick={does(() => actions.group(grouped ? null : name))}>
          <IconStack2 size={14} /> {grouped ? 'Do not group' : 'Group by it'}
        </button>
        <button type="button" onClick={does(() => actions.pin(name))}>
          {column.pinned ? <IconPinnedOff size={14} /> : <IconPin size={14} />}{' '}
          {column.pinned ? 'Unpin' : 'Pin to the left'}
        </button>
        <button type="button" onClick={does(() => actions.hide(name))}>
          <IconEyeOff size={14} /> Hide
        </button>
      </div>
      <div className={classes.filter}>
        <TextInput
          placeholder="Rows here that contain…"
          aria-label={`filter ${name}`}
          value={contains}
          onChange={(event) => {
            setContains(event.currentTarget.value);
            change({ contains: event.currentTarget.value });
          }}
          rightSection={
            filter !== undefined && (
              <ActionIcon
                size={18}
                aria-label="no filter"
                onClick={() => {
                  setContains('');
                  actions.filter(null, name);
                }}
              >
                <IconX size={12} />
              </ActionIcon>
            )
          }
        />
        <div className={classes.values}>
          {values.map(({ value, count }) => (
            <label key={`${typeof value} ${value}`} className={classes.value}>
              <Checkbox size="xs" checked={among?.includes(value) ?? false} onChange={() => toggle(value)} />
              <span className="foreign">
                {value === null || value === '' ? 'no value' : cellText(value, type, zone).slice(0, 80)}
              </span>
              <span className={classes.count}>{countText(count)}</span>
            </label>
          ))}
        </div>
      </div>
    </>
  );
}
