// Text that certainly fits is known without the browser; everything else is clipped and set apart.

import { describe, expect, test } from 'vitest';
import { fits, isPlain } from '../src/table/fits';

describe('plain text', () => {
  test.each([
    ['203.0.113.7', true],
    ['', true],
    ['anna.berg1@acme.example', true],
    ['Zoë', false],
    ['\u202eevil', false],
    ['שלום', false],
    ['two\nlines', false],
    ['日本', false],
  ])('%j: %s', (text, plain) => {
    expect(isPlain(text)).toBe(plain);
  });
});

test.each([
  ['1234567890', 93, true],
  ['1234567890', 92, false],
  ['', 18, true],
])('%j in %d pixels: %s', (text, width, fitting) => {
  expect(fits(text, width, 7.5)).toBe(fitting);
});
