// Pure parts of the pages: the grid of tiles, parameters, sessions in words, forms from schemas, bars, table layout, frames.

import { describe, expect, test } from 'vitest';
import { parseFrame } from '../src/api/frames';
import type { ResultColumn, Tile } from '../src/api/types.gen';
import { addTile, emptyDashboard } from '../src/dashboards/document';
import { put, settled } from '../src/dashboards/grid';
import { judged, substituted } from '../src/dashboards/parameters';
import { condition, isAddress, likelyName } from '../src/person/questions';
import { happenings, sessions } from '../src/person/sessions';
import { deviceName } from '../src/person/words';
import { configuration, fieldsOf, missing } from '../src/registry/fields';
import { address, person } from '../src/search/Failures';
import { barsOf, brushed } from '../src/search/histogram';
import { columnWindow, place, positionAt, topOf, totalHeight } from '../src/table/layout';

const tile = (id: string, x: number, y: number, w = 12, h = 4): Tile => ({
  id,
  title: id,
  x,
  y,
  w,
  h,
  query: '',
  kind: 'table',
});
const places = (tiles: Tile[]) =>
  Object.fromEntries(tiles.map((one) => [one.id, [one.x, one.y, one.w, one.h]]));

describe('the grid', () => {
  test('a moved tile pushes the others down', () => {
    expect(places(put([tile('a', 0, 0), tile('b', 12, 0)], 'b', { x: 0, y: 0, w: 12, h: 4 }))).toEqual({
      a: [0, 4, 12, 4],
      b: [0, 0, 12, 4],
    });
  });
  test('what floats falls up', () =>
    expect(places(settled([tile('a', 0, 9)]))).toEqual({ a: [0, 0, 12, 4] }));
  test('nothing leaves the grid or gets too small', () => {
    expect(places(put([tile('a', 0, 0)], 'a', { x: 40, y: -3, w: 1, h: 0 }))).toEqual({ a: [21, 0, 3, 2] });
  });
  test('a new tile comes below, under a name of its own', () => {
    const board = addTile(addTile(emptyDashboard('x'), { title: 'a', kind: 'table' }), {
      title: 'b',
      kind: 'card',
    });
    expect(board.tiles.map((one) => [one.id, one.y])).toEqual([
      ['t1', 0],
      ['t2', 8],
    ]);
  });
});

test('parameters become literals, whatever they hold', () => {
  const parameters = [
    { name: 'tenant', label: '', kind: 'tenant' as const, default: '' },
    { name: 'since', label: '', kind: 'time' as const, default: 'P1D' },
  ];
  const values = new Map([
    ['tenant', '" or true //'],
    ['since', 'PT2H'],
  ]);
  expect(
    substituted(
      'T | where x == {tenant} and a > ago({since}) and d == dynamic({"k":{other}})',
      parameters,
      values,
    ),
  ).toBe('T | where x == "\\" or true //" and a > ago(7200s) and d == dynamic({"k":{other}})');
});

test('an editor judges a literal in the place of each parameter, place for place', () => {
  const parameters = [
    { name: 'tenant', label: '', kind: 'tenant' as const, default: '' },
    { name: 'since', label: '', kind: 'time' as const, default: 'P1D' },
  ];
  const query = 'T | where x == {tenant} and a > ago({since}) | extend {other}';
  const seen = judged(query, parameters);
  expect(seen).toBe('T | where x == "xxxxxx" and a > ago(1d     ) | extend {other}');
  expect(seen.length).toBe(query.length);
});

describe('who failed to log in', () => {
  test.each([
    [['ada@x', 12, '203.0.113.7', 'US', 3, 'acme'], '203.0.113.7 · US · and 2 more'],
    [['ada@x', 1, '203.0.113.7', null, 1, 'acme'], '203.0.113.7'],
    [['ada@x', 1, '', '', 0, 'acme'], ''],
  ])('a person: %j', (row, about) => expect(person(row)).toMatchObject({ name: 'ada@x', about }));
  test.each([
    [['203.0.113.7', 152, '203.0.113.7', 'VN', 1500, 'acme'], 'VN · 1,500 people at acme'],
    [['203.0.113.7', 1, '203.0.113.7', '', 1, 'acme'], '1 person at acme'],
  ])('an address: %j', (row, about) => expect(address(row)).toMatchObject({ about }));
});

describe('sessions', () => {
  const row = (minute: number, kind: string, outcome: string, more = {}) => ({
    TimeGenerated: new Date(Date.UTC(2026, 0, 2, 9, minute)).toISOString(),
    Provider: 'auth0',
    Tenant: 'acme',
    Kind: kind,
    Outcome: outcome,
    Event: 'an event',
    Application: 'Portal',
    Ip: '203.0.113.5',
    Country: 'DE',
    City: 'Berlin',
    ...more,
  });

  test('are told in plain words, repeated things once with their number', () => {
    const [session] = sessions(
      happenings([
        row(0, 'login', 'failure', { Description: 'Wrong password.' }),
        row(1, 'login', 'failure', { Description: 'Wrong password.' }),
        row(2, 'login', 'success'),
        row(3, 'token', 'success'),
        row(4, 'silent login', 'success'),
        row(5, 'token', 'success'),
        row(6, 'administration', 'success', { Description: 'Update a client', Actor: 'root@acme.example' }),
        row(7, 'logout', 'success'),
      ]),
      null,
    );
    expect(session?.lines.filter((line) => !line.quiet).map((line) => [line.text, line.count])).toEqual([
      ['Failed to log in to Portal', 2],
      ['Logged in to Portal', 1],
      ['Update a client, by root@acme.example', 1],
      ['Logged out of Portal', 1],
    ]);
    expect(session?.lines.filter((line) => line.quiet).map((line) => [line.text, line.count])).toEqual([
      ['tokens for Portal', 2],
      ['Stayed signed in at Portal', 1],
    ]);
    expect([session?.events, session?.failures, session?.places]).toEqual([8, 2, ['Berlin, DE']]);
  });

  test('end after half an hour of silence; the newest comes first', () => {
    const found = sessions(
      happenings([row(0, 'login', 'success'), row(29, 'logout', 'success'), row(59 + 1, 'login', 'success')]),
      null,
    );
    expect(found.map((one) => one.events)).toEqual([1, 2]);
  });

  test('tell what was seen for the first time, except in the beginning', () => {
    const events = happenings([row(0, 'login', 'success')]);
    const first = events[0]?.at ?? 0;
    const seen = new Map([
      ['Country:DE', first],
      ['Ip:203.0.113.5', first - 5],
    ]);
    expect(sessions(events, { seen, began: first - 90_000_000 })[0]?.fresh).toEqual([
      'new country DE',
      'new address',
    ]);
    expect(sessions(events, { seen, began: first - 3_600_000 })[0]?.fresh).toEqual([]);
  });

  test.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
      'Chrome on Windows',
    ],
    ['Chrome Mobile 141.0.0 / Android 15.0.0', 'Chrome on Android'],
    ['unknown', ''],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
  ])('%s is %s', (agent, expected) => expect(deviceName(agent)).toBe(expected));
});

describe('a person', () => {
  test.each([
    ['203.0.113.7', true],
    ['2001:db8::1', true],
    ['ann@example.org', false],
    ['auth0|1', false],
  ])('%s is an address: %s', (id, expected) => expect(isAddress(id)).toBe(expected));
  test.each([
    ['marta.moreau12@acme.example', 'Marta Moreau'],
    ['root@acme.example', ''],
    ['Ann A', ''],
  ])('the name in %s is %j', (id, expected) => expect(likelyName(id)).toBe(expected));
  test('what is typed is quoted', () =>
    expect(condition('a" or true', [])).toBe('User =~ "a\\" or true" or UserId =~ "a\\" or true"'));
});

describe('forms', () => {
  const schema = {
    type: 'object',
    required: ['domain', 'secret'],
    properties: {
      note: { type: 'string' },
      domain: { type: 'string', title: 'Domain', examples: ['acme.eu.auth0.com'] },
      secret: { type: 'string', writeOnly: true },
      scopes: { type: 'array', items: { type: 'string' } },
      deep: { type: 'object' },
      mode: { enum: ['a', 'b'] },
      on: { type: ['boolean', 'null'] },
    },
  };
  const fields = fieldsOf(schema);
  test('ask for everything in the order of the schema, each in its kind', () => {
    expect(fields.map((field) => `${field.name} ${field.kind}`)).toEqual([
      'note text',
      'domain text',
      'secret secret',
      'scopes list',
      'deep json',
      'mode choice',
      'on switch',
    ]);
    expect(fields[1]?.placeholder).toBe('acme.eu.auth0.com');
  });
  test('send what was given; a secret that stays is left out', () => {
    expect(
      configuration(schema, {
        domain: 'x',
        secret: { set: true },
        note: '',
        scopes: 'a, b\nc',
        deep: '{"k":1}',
        on: false,
      }),
    ).toEqual({
      domain: 'x',
      scopes: ['a', 'b', 'c'],
      deep: { k: 1 },
      on: false,
    });
    expect(missing(schema, { domain: 'x' })).toEqual(['secret']);
  });
});

describe('bars', () => {
  const columns: ResultColumn[] = [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'EventOutcome', type: 'string' },
    { name: 'Events', type: 'long' },
  ];
  const bars = barsOf(
    {
      columns,
      rows: [
        ['1970-01-01T00:01:00Z', 'failure', 2],
        ['1970-01-01T00:01:00Z', 'success', 5],
        ['1970-01-01T00:00:00Z', 'notice', 1],
      ],
      render: null,
    },
    0,
    600_000,
    60_000,
  );
  test('are stacked by outcome', () => {
    expect(bars.bars).toEqual([
      { at: 0, success: 0, failure: 0, other: 1 },
      { at: 60_000, success: 5, failure: 2, other: 0 },
    ]);
    expect([bars.top, bars.total]).toEqual([7, 8]);
  });
  test('a brush covers whole bars and stays within', () => {
    expect(brushed(bars, 0.34, 0.12)).toEqual({ from: 60_000, until: 240_000 });
    expect(brushed(bars, -1, 2)).toEqual({ from: 0, until: 600_000 });
    expect(brushed(bars, 0.11, 0.11)).toEqual({ from: 60_000, until: 120_000 });
  });
});

describe('the table', () => {
  test('open rows shift what follows, and places are found again', () => {
    const open = [2, 5];
    expect(topOf(2, open)).toBe(54);
    expect(topOf(3, open)).toBe(81 + 340);
    expect(totalHeight(10, open)).toBe(270 + 680);
    for (const position of [0, 2, 3, 5, 6, 9])
      expect(positionAt(topOf(position, open) + 1, 10, open)).toBe(position);
  });
  test('of ten thousand columns only those in sight are drawn', () => {
    const columns = Array.from({ length: 10_000 }, (_one, at) => ({ name: `c${at}`, type: 'string' }));
    const placed = place(columns, new Map(), ['c1'], ['c9']);
    expect(placed.slice(0, 3).map((one) => one.column.name)).toEqual(['c9', 'c0', 'c2']);
    const seen = columnWindow(placed, 600_000, 1_000);
    expect(seen.end - seen.first).toBeLessThan(16);
    expect(placed[seen.first]?.left).toBeLessThanOrEqual(600_120);
    expect((placed[seen.end - 1]?.left ?? 0) + 120).toBeGreaterThanOrEqual(601_000);
  });
});

test('long integers in a frame keep their digits', () => {
  expect(parseFrame('{"frame":"rows","rows":[[9007199254740993,1.5,"a,1234567890123456789,b",7]]}')).toEqual({
    frame: 'rows',
    rows: [['9007199254740993', 1.5, 'a,1234567890123456789,b', 7]],
  });
});
