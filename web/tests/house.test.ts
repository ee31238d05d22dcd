// The house's rules: files that say what they are for and fit on a few screens, a lock file of one registry, shipped
// dashboards that can be drawn.

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { typesOf } from '../scripts/types.mjs';
import type { Dashboard } from '../src/api/types.gen';
import { chartKind } from '../src/charts/options';
import { GRID_COLUMNS } from '../src/dashboards/document';
import { settled } from '../src/dashboards/grid';

const LINES_MAX = 250;
const root = join(import.meta.dirname, '..');

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

describe('every file', () => {
  test.each(files(join(root, 'src')).filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.gen.ts')))(
    '%s',
    (path) => {
      const text = readFileSync(path, 'utf8');
      expect(text.startsWith('// '), 'opens with what it is for').toBe(true);
      expect(text.split('\n').slice(0, 6).join(' '), 'says what it does not do').toContain(
        'Deliberately absent',
      );
      expect(text.split('\n').length, 'lines').toBeLessThanOrEqual(LINES_MAX + 1);
      expect(path).not.toMatch(/utils|helpers|common|manager/i);
    },
  );
});

test('the types of the answers are made of the document of the interface', () => {
  const document = JSON.parse(readFileSync(join(root, '..', 'docs', 'openapi.json'), 'utf8'));
  const made = typesOf(document);
  if (process.env.UPDATE) writeFileSync(join(root, 'src', 'api', 'types.gen.ts'), made);
  const found = readFileSync(join(root, 'src', 'api', 'types.gen.ts'), 'utf8');
  expect(found === made, 'UPDATE=1 npm test writes src/api/types.gen.ts anew').toBe(true);
});

test('packages come from the public registry only', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string }>;
  };
  const others = Object.values(lock.packages).flatMap((one) =>
    one.resolved === undefined || one.resolved.startsWith('https://registry.npmjs.org/')
      ? []
      : [one.resolved],
  );
  expect(others).toEqual([]);
});

describe('shipped dashboards', () => {
  const folder = join(root, '..', 'content', 'dashboards');
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  test('are seven', () => expect(names.length).toBe(7));
  test.each(names)('%s lies well on the grid', (name) => {
    const board = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard;
    expect(board.title).not.toBe('');
    expect(board.about).not.toBe('');
    expect(new Set(board.tiles.map((tile) => tile.id)).size).toBe(board.tiles.length);
    expect(settled(board.tiles)).toEqual(board.tiles);
    const known = new Set(board.parameters.map((one) => one.name));
    for (const tile of board.tiles) {
      expect(tile.x + tile.w).toBeLessThanOrEqual(GRID_COLUMNS);
      expect(tile.kind === 'table' || tile.kind === 'markdown' || chartKind(tile.kind) !== null).toBe(true);
      for (const [, used] of (tile.query ?? '').matchAll(/\{([a-z_]+)\}/g)) expect(known).toContain(used);
    }
  });
});
