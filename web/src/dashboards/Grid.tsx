// The grid of tiles in pixels; tiles are dragged and resized on it, and the others make room while it happens.
// Deliberately absent: the rules of making room (`grid`).

import { useElementSize } from '@mantine/hooks';
import { type PointerEvent, type ReactNode, useState } from 'react';
import type { Tile } from '../api/types.gen';
import { GRID_COLUMNS } from './document';
import { height, type Place, put, settled, within } from './grid';
import classes from './Tile.module.css';
import { type TileActions, TileFrame } from './TileFrame';

export const ROW_PX = 34;
const GAP_PX = 12;
/** Below this width tiles stand one below the other. */
const NARROW_PX = 720;

interface Props {
  tiles: Tile[];
  editing: boolean;
  actions: TileActions;
  onTiles: (tiles: Tile[]) => void;
  body: (tile: Tile) => ReactNode;
}

interface Grabbed {
  id: string;
  how: 'move' | 'resize';
  /** Pixels from where it was grabbed. */
  dx: number;
  dy: number;
}

export function Grid({ tiles, editing, actions, onTiles, body }: Props) {
  const { ref, width } = useElementSize();
  const [grabbed, setGrabbed] = useState<Grabbed | null>(null);
  const column = (width + GAP_PX) / GRID_COLUMNS;
  const narrow = width > 0 && width < NARROW_PX;
  const target = grabbed === null ? null : targetOf(tiles, grabbed, column);
  const shown = narrow
    ? stacked(tiles)
    : target === null || grabbed === null
      ? settled(tiles)
      : put(tiles, grabbed.id, target);

  function grab(event: PointerEvent, tile: Tile, how: 'move' | 'resize') {
    if (narrow || event.button !== 0) return;
    event.preventDefault();
    const handle = event.currentTarget as HTMLElement;
    handle.focus();
    const [fromX, fromY] = [event.clientX, event.clientY];
    handle.setPointerCapture(event.pointerId);
    let last: Grabbed = { id: tile.id, how, dx: 0, dy: 0 };
    setGrabbed(last);
    const move = (moved: globalThis.PointerEvent) => {
      last = { ...last, dx: moved.clientX - fromX, dy: moved.clientY - fromY };
      setGrabbed(last);
    };
    const drop = (kept: boolean) => () => {
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', keep);
      handle.removeEventListener('pointercancel', leave);
      setGrabbed(null);
      const place = targetOf(tiles, last, column);
      if (kept && place !== null) onTiles(put(tiles, last.id, place));
    };
    const keep = drop(true);
    const leave = drop(false);
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', keep);
    handle.addEventListener('pointercancel', leave);
  }

  return (
    <div
      ref={ref}
      className={classes.grid}
      data-editing={editing || undefined}
      style={{
        height: height(shown) * (ROW_PX + GAP_PX),
        backgroundSize: `${column}px ${ROW_PX + GAP_PX}px`,
      }}
    >
      {width > 0 &&
        shown.map((tile) => {
          const own = grabbed?.id === tile.id ? tiles.find((one) => one.id === tile.id) : undefined;
          const box = pixels(own ?? tile, column, width, narrow);
          const free = own === undefined || grabbed === null ? box : dragged(box, grabbed);
          return (
            <div
              key={tile.id}
              className={classes.place}
              data-grabbed={own !== undefined || undefined}
              style={{ transform: `translate(${free.x}px, ${free.y}px)`, width: free.w, height: free.h }}
            >
              <TileFrame
                tile={tile}
                editing={editing && !narrow}
                actions={actions}
                grab={grab}
                put={(one, place) => onTiles(put(tiles, one.id, place))}
              >
                {body(tile)}
              </TileFrame>
            </div>
          );
        })}
    </div>
  );
}

function targetOf(tiles: Tile[], { id, how, dx, dy }: Grabbed, column: number): Place | null {
  const tile = tiles.find((one) => one.id === id);
  if (tile === undefined) return null;
  const [x, y] = [dx / column, dy / (ROW_PX + GAP_PX)];
  return within(
    how === 'move' ? { ...tile, x: tile.x + x, y: tile.y + y } : { ...tile, w: tile.w + x, h: tile.h + y },
  );
}

function pixels(tile: Tile, column: number, width: number, narrow: boolean): Place {
  return {
    x: narrow ? 0 : tile.x * column,
    y: tile.y * (ROW_PX + GAP_PX),
    w: narrow ? width : tile.w * column - GAP_PX,
    h: tile.h * (ROW_PX + GAP_PX) - GAP_PX,
  };
}

function dragged(box: Place, { how, dx, dy }: Grabbed): Place {
  return how === 'move'
    ? { ...box, x: box.x + dx, y: box.y + dy }
    : { ...box, w: Math.max(120, box.w + dx), h: Math.max(60, box.h + dy) };
}

/** One below the other, in reading order. */
function stacked(tiles: Tile[]): Tile[] {
  let y = 0;
  return [...tiles]
    .sort((a, b) => a.y - b.y || a.x - b.x)
    .map((tile) => {
      const placed = { ...tile, x: 0, y };
      y += tile.h;
      return placed;
    });
}
