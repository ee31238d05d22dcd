// The page's colours for a canvas, which knows nothing of style sheets.
// Deliberately absent: the colours of surfaces (`base.css`).

import { useMemo } from 'react';
import type { Look } from './options';

const LIGHT = [
  '#3358d4',
  '#178f5d',
  '#d98a00',
  '#8a4fd0',
  '#0b8fa6',
  '#d6457b',
  '#6b8e1e',
  '#b3592a',
  '#5a6b8c',
  '#2f9e8f',
  '#a03bb0',
  '#c2a200',
];
const DARK = [
  '#6d8dfa',
  '#3fb27f',
  '#e0a03c',
  '#b08af0',
  '#3fb8cc',
  '#ee7aa5',
  '#a3c252',
  '#df8a5a',
  '#93a2c0',
  '#57c7b6',
  '#d07fe0',
  '#dcc64a',
];

/** Colours as they are now; asked again when the theme changes. */
export function useLook(scheme: string): Look {
  return useMemo(() => {
    void scheme;
    const style = getComputedStyle(document.documentElement);
    const read = (name: string) => style.getPropertyValue(name).trim();
    const dark = document.documentElement.getAttribute('data-mantine-color-scheme') === 'dark';
    return {
      text: read('--dl-text'),
      quiet: read('--dl-text-2'),
      line: read('--dl-line'),
      panel: read('--dl-panel'),
      bad: read('--dl-bad'),
      font: getComputedStyle(document.body).fontFamily,
      colors: dark ? DARK : LIGHT,
    };
  }, [scheme]);
}
