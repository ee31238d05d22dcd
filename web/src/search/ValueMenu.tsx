// What can be done with one value of the result: include, exclude, copy, group, look at the person.
// Deliberately absent: the query's text (`kql/filter`).

import { Menu } from '@mantine/core';
import { IconCopy, IconMinus, IconPlus, IconStack2, IconUserSearch } from '@tabler/icons-react';
import { useNavigate } from 'react-router';
import type { Cell } from '../rows/packed';
import { copyText } from '../widgets/copy';

export interface Chosen {
  anchor: DOMRect;
  column: string;
  type: string;
  value: Cell;
  at: number;
  row: number;
}

interface Props {
  chosen: Chosen | null;
  close: () => void;
  choose: ((sense: 'include' | 'exclude', chosen: Chosen) => void) | null;
  group: (column: string) => void;
}

/** Columns whose values are somebody: their ids, names and addresses. */
const SOMEBODY = /(user(name|id)?|email|mail|ip(addr)?|actor\w*)$/i;

export function isSomebody(column: string): boolean {
  return SOMEBODY.test(column) && !/agent/i.test(column);
}

export function ValueMenu({ chosen, close, choose, group }: Props) {
  const navigate = useNavigate();
  if (chosen === null) return null;
  const { anchor, column, value } = chosen;
  const text = value === null ? '' : String(value);
  const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  return (
    <Menu opened onClose={close} position="bottom-start" width={280} returnFocus trapFocus>
      <Menu.Target>
        <div
          style={{
            position: 'fixed',
            left: anchor.left,
            top: anchor.top,
            width: Math.min(anchor.width, 200),
            height: anchor.height,
            pointerEvents: 'none',
          }}
        />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <span className="foreign">
            {column}
            {text === '' ? ' is empty' : `: ${shown}`}
          </span>
        </Menu.Label>
        {choose !== null && (
          <>
            <Menu.Item leftSection={<IconPlus size={14} />} onClick={() => choose('include', chosen)}>
              Only events with this value
            </Menu.Item>
            <Menu.Item leftSection={<IconMinus size={14} />} onClick={() => choose('exclude', chosen)}>
              Without this value
            </Menu.Item>
          </>
        )}
        {isSomebody(column) && text !== '' && (
          <Menu.Item
            leftSection={<IconUserSearch size={14} />}
            onClick={() => void navigate(`/person?id=${encodeURIComponent(text)}`)}
          >
            Who is this?
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconStack2 size={14} />} onClick={() => group(column)}>
          Group by {column}
        </Menu.Item>
        <Menu.Item leftSection={<IconCopy size={14} />} onClick={() => void copyText(text)}>
          Copy
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
