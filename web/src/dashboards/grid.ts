// Tiles on a grid of 24 columns: moving and resizing one pushes the others down, and what floats falls up.
// Deliberately absent: pixels and pointers (`Grid`).

import type { Tile } from '../api/types.gen';
import { GRID_COLUMNS } from './document';

export const TILE_LEAST = { w: 3, h: 2 };
export const TILE_HEIGHT_MAX = 60;

export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Within the grid and no smaller than a tile may be. */
export function within(place: Place): Place {
  const w = Math.min(GRID_COLUMNS, Math.max(TILE_LEAST.w, Math.round(place.w)));
  const h = Math.min(TILE_HEIGHT_MAX, Math.max(TILE_LEAST.h, Math.round(place.h)));
  return {
    w,
    h,
    x: Math.min(GRID_COLUMNS - w, Math.max(0, Math.round(place.x))),
    y: Math.max(0, Math.round(place.y)),
  };
}

/** The tiles with one at a new place; the others make room. */
export function put(tiles: Tile[], id: string, place: Place): Tile[] {
  const moved = tiles.map((tile) => (tile.id === id ? { ...tile, ...within(place) } : tile));
  const first = moved.find((tile) => tile.id === id);
  if (first === undefined) return tiles;
  return settled(moved, first);
}

/** Lets every tile fall up as far as it can, from the top; `first` keeps its place as well as it can. */
export function settled(tiles: Tile[], first?: Tile): Tile[] {
  const order = [...tiles].sort((a, b) => a.y - b.y || (a === first ? -1 : b === first ? 1 : 0) || a.x - b.x);
  const placed: Tile[] = [];
  for (const tile of order) {
    let y = tile.y;
    const fits = (at: number) => !placed.some((other) => overlap({ ...tile, y: at }, other));
    while (y > 0 && fits(y - 1)) y -= 1;
    while (!fits(y)) y += 1;
    placed.push({ ...tile, y });
  }
  const places = new Map(placed.map((tile) => [tile.id, tile]));
  return tiles.map((tile) => places.get(tile.id) ?? tile);
}

/** Rows that the grid covers. */
export function height(tiles: Tile[]): number {
  return Math.max(0, ...tiles.map((tile) => tile.y + tile.h));
}
