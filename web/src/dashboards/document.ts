// The document of a dashboard: an empty one, one more tile, what may stand in it.
// Deliberately absent: moving tiles (`grid`) and saving.

import type { Dashboard, Tile } from '../api/types.gen';

/** Columns of the grid. */
export const GRID_COLUMNS = 24;
export const TILES_MAX = 60;

export function emptyDashboard(title: string): Dashboard {
  return { title, about: '', refresh_seconds: null, timespan: 'P1D', parameters: [], tiles: [] };
}

/** The dashboard with one more tile below the others. */
export function addTile(dashboard: Dashboard, tile: Pick<Tile, 'title' | 'kind'> & Partial<Tile>): Dashboard {
  const bottom = Math.max(0, ...dashboard.tiles.map((one) => one.y + one.h));
  const taken = new Set(dashboard.tiles.map((one) => one.id));
  let number = dashboard.tiles.length + 1;
  while (taken.has(`t${number}`)) number += 1;
  const h = tile.kind === 'card' ? 4 : 8;
  const made: Tile = { x: 0, y: bottom, w: 12, h, query: '', ...tile, id: `t${number}` };
  return { ...dashboard, tiles: [...dashboard.tiles, made] };
}
