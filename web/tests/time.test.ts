// Stretches of time and the address of a search: what is written can be read again.

import { describe, expect, test } from 'vitest';
import { EMPTY, parseSearch, searchParameters, searchUrl } from '../src/search/url';
import { agoText, bytesText, lengthText, momentText } from '../src/time/moment';
import {
  durationMs,
  longerThan,
  parseRange,
  rangeEnds,
  rangeText,
  stepFor,
  timespan,
  typedDuration,
} from '../src/time/range';

describe('ranges', () => {
  test.each([
    ['PT15M', 900_000],
    ['P1D', 86_400_000],
    ['P1DT2H', 93_600_000],
    ['P2W', 1_209_600_000],
    ['PT0.5S', 500],
    ['P1M', null],
    ['P', null],
    ['PT', null],
    ['1d', null],
    ['PT0S', null],
  ])('%s lasts %s ms', (text, expected) => expect(durationMs(text)).toBe(expected));

  test.each([
    ['90m', 'PT90M'],
    ['6H', 'PT6H'],
    [' 3 d ', 'P3D'],
    ['2w', 'P14D'],
    ['0d', null],
    ['5 years', null],
  ])('%s is typed for %s', (text, expected) => expect(typedDuration(text)).toBe(expected));

  test.each(['P7D', 'all', '2026-01-01T00:00:00.000Z/2026-01-02T00:00:00.000Z'])('%s comes back', (text) =>
    expect(rangeText(parseRange(text))).toBe(text),
  );

  test.each([null, '', 'nonsense', '2026-01-02/2026-01-01', 'P1M'])('%j is the default', (text) =>
    expect(rangeText(parseRange(text))).toBe('P1D'),
  );

  test('everything has no timespan and no ends', () => {
    expect(timespan({ kind: 'all' })).toBeUndefined();
    expect(rangeEnds({ kind: 'all' }, 0)).toBeNull();
    expect(rangeEnds({ kind: 'relative', duration: 'PT1H' }, 7_200_000)).toEqual({
      from: 3_600_000,
      until: 7_200_000,
    });
  });

  test.each([
    [86_400_000, 90, '30m'],
    [900_000, 90, '15s'],
    [30 * 86_400_000, 90, '12h'],
    [4_000 * 86_400_000, 90, '45d'],
  ])('%d ms in %d bars have steps of %s', (length, bars, expected) => {
    expect(stepFor(length, bars).kql).toBe(expected);
    expect(length / stepFor(length, bars).ms).toBeLessThanOrEqual(bars);
  });
});

describe('the address', () => {
  test('carries every part of a search and back', () => {
    const state = {
      ...EMPTY,
      query: 'T | where a == "b&c=d" // ü',
      range: parseRange('P7D'),
      rows: 100_000,
      view: 'chart' as const,
      sort: { column: '-odd+', descending: true },
      group: 'User',
      hidden: ['a', 'b,c'],
      pinned: ['d'],
      live: true,
    };
    expect(parseSearch(new URLSearchParams(searchParameters(state).toString()))).toEqual(state);
  });
  test('is short for what is usual', () =>
    expect(searchParameters({ ...EMPTY, query: 'T' }).toString()).toBe('q=T'));
  test('links to a query', () => expect(searchUrl({ query: 'T', time: 'P7D' })).toBe('/search?q=T&t=P7D'));
  test('takes no number of rows that is not offered', () =>
    expect(parseSearch(new URLSearchParams('rows=7')).rows).toBe(EMPTY.rows));
});

test.each([
  ['PT15M', 'P1D'],
  ['PT12H', 'P1D'],
  ['P1D', 'P7D'],
  ['P7D', 'P30D'],
  ['P30D', 'P365D'],
  ['P365D', undefined],
  ['all', undefined],
  ['2026-01-01T00:00:00Z/2026-01-02T00:00:00Z', undefined],
])('after %s somebody who found nothing tries %s', (text, expected) =>
  expect(longerThan(parseRange(text))?.duration).toBe(expected),
);

describe('words', () => {
  test.each([
    ['2026-11-21T09:03:10.1230000Z', '2026-11-21 09:03:10.123'],
    ['2026-11-21T09:03:10.1000000Z', '2026-11-21 09:03:10.100'],
    ['2026-11-21T09:03:10.0000000Z', '2026-11-21 09:03:10'],
    ['no moment', 'no moment'],
  ])('%s is shown as %s', (text, expected) => expect(momentText(text, 'utc')).toBe(expected));
  test.each([
    [0, '0 s'],
    [0.25, '250 ms'],
    [61, '61 s'],
    [600, '10 min'],
    [7_200, '2 h'],
    [864_000, '10 d'],
  ])('%d s are %s', (seconds, expected) => expect(lengthText(seconds)).toBe(expected));
  test('ago', () =>
    expect(agoText('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:10:00Z'))).toBe('10 min ago'));
  test.each([
    [999, '999 B'],
    [8_410_509, '8.4 MB'],
    [10_737_418_240, '10.7 GB'],
  ])('%d bytes are %s', (bytes, expected) => expect(bytesText(bytes)).toBe(expected));
});
