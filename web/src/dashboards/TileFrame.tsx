// A tile's frame: title, menu, and while editing the handles to move and resize it, by pointer or by keys.
// Deliberately absent: where the others go (`grid`).

import { ActionIcon, Menu } from '@mantine/core';
import { IconArrowsMaximize, IconCopy, IconDots, IconEdit, IconSearch, IconTrash } from '@tabler/icons-react';
import type { KeyboardEvent, PointerEvent, ReactNode } from 'react';
import type { Tile } from '../api/types.gen';
import type { Place } from './grid';
import classes from './Tile.module.css';

export interface TileActions {
  search: (tile: Tile) => void;
  enlarge: (tile: Tile) => void;
  edit: (tile: Tile) => void;
  copy: (tile: Tile) => void;
  drop: (tile: Tile) => void;
}

interface Props {
  tile: Tile;
  editing: boolean;
  actions: TileActions;
  grab: (event: PointerEvent, tile: Tile, how: 'move' | 'resize') => void;
  put: (tile: Tile, place: Place) => void;
  children: ReactNode;
}

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function TileFrame({ tile, editing, actions, grab, put, children }: Props) {
  function pressed(event: KeyboardEvent) {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const [x, y] = step;
    if (event.shiftKey) put(tile, { ...tile, w: tile.w + x, h: tile.h + y });
    else put(tile, { ...tile, x: tile.x + x, y: tile.y + y });
  }
  return (
    <section className={classes.tile} aria-label={tile.title || 'tile'} data-kind={tile.kind}>
      {(tile.title !== '' || editing) && (
        <header className={classes.head} data-editing={editing || undefined}>
          {editing ? (
            <button
              type="button"
              className={classes.handle}
              onPointerDown={(event) => grab(event, tile, 'move')}
              onKeyDown={pressed}
              aria-label={`${tile.title || 'tile'}: arrow keys move it, with Shift they resize it`}
            >
              {tile.title || 'Untitled'}
            </button>
          ) : (
            <h2 className="foreign">{tile.title}</h2>
          )}
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon size={22} aria-label={`menu of ${tile.title}`} className={classes.menu}>
                <IconDots size={15} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {tile.kind !== 'markdown' && (
                <>
                  <Menu.Item leftSection={<IconSearch size={14} />} onClick={() => actions.search(tile)}>
                    Open in Search
                  </Menu.Item>
                  <Menu.Item
                    leftSection={<IconArrowsMaximize size={14} />}
                    onClick={() => actions.enlarge(tile)}
                  >
                    Enlarge
                  </Menu.Item>
                </>
              )}
              {editing && (
                <>
                  <Menu.Item leftSection={<IconEdit size={14} />} onClick={() => actions.edit(tile)}>
                    Edit
                  </Menu.Item>
                  <Menu.Item leftSection={<IconCopy size={14} />} onClick={() => actions.copy(tile)}>
                    Copy
                  </Menu.Item>
                  <Menu.Item leftSection={<IconTrash size={14} />} onClick={() => actions.drop(tile)}>
                    Remove
                  </Menu.Item>
                </>
              )}
            </Menu.Dropdown>
          </Menu>
        </header>
      )}
      <div className={classes.body}>{children}</div>
      {editing && (
        <div className={classes.corner} onPointerDown={(event) => grab(event, tile, 'resize')} aria-hidden />
      )}
    </section>
  );
}
