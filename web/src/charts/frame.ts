// What all charts share: colours, legend, axes, tooltip.
// Deliberately absent: one kind of chart (`options`).

import type { Column } from '../api/types.gen';
import type { Cell } from '../rows/packed';
import { briefCount, type Zone } from '../time/moment';
import type { Properties, Shape } from './series';

export interface Look {
  text: string;
  quiet: string;
  line: string;
  panel: string;
  colors: string[];
  bad: string;
  font: string;
}

export interface Drawing {
  kind: string;
  properties: readonly [string, unknown][];
  columns: Column[];
  rows: Cell[][];
  look: Look;
  zone: Zone;
  /** Less around the chart, for tiles. */
  small: boolean;
}

const OUTCOMES: Record<string, number> = { success: 1, failure: 2, notice: 0 };

export function legend(shape: Shape, { look, small }: Drawing) {
  const many = shape.series.length > 1;
  return {
    show: many,
    type: 'scroll',
    bottom: 2,
    left: 10,
    right: 10,
    itemWidth: 10,
    itemHeight: 10,
    itemGap: 14,
    icon: 'roundRect',
    textStyle: { color: look.quiet, fontSize: small ? 11 : 12 },
    pageTextStyle: { color: look.quiet },
    pageIconColor: look.quiet,
    pageIconInactiveColor: look.line,
    formatter: (name: string) => (name.length > 32 ? `${name.slice(0, 31)}…` : name),
  };
}

export function frame(shape: Shape, { small }: Drawing, titled: boolean) {
  return {
    left: 12,
    right: small ? 14 : 24,
    top: titled ? 42 : small ? 12 : 22,
    bottom: shape.series.length > 1 ? 32 : 8,
    outerBoundsMode: 'same',
    outerBoundsContain: 'axisLabel',
  };
}

export function valueAxis(look: Look, given: Properties) {
  const log = given.get('yaxis') === 'log';
  return {
    type: log ? 'log' : 'value',
    name: given.get('ytitle') ?? '',
    nameTextStyle: { color: look.quiet },
    ...bound('min', given.get('ymin')),
    ...bound('max', given.get('ymax')),
    axisLabel: { color: look.quiet, fontSize: 11, formatter: (value: number) => briefCount(value) },
    splitLine: { lineStyle: { color: look.line } },
  };
}

function bound(name: string, text: string | undefined) {
  const value = Number(text);
  return text === undefined || !Number.isFinite(value) ? {} : { [name]: value };
}

export function tooltip(look: Look, trigger: 'axis' | 'item') {
  return {
    trigger,
    confine: true,
    // Names come from events: as canvas text they cannot be markup.
    renderMode: 'richText',
    backgroundColor: look.panel,
    borderColor: look.line,
    textStyle: { color: look.text, fontSize: 12 },
    axisPointer: { type: 'line', lineStyle: { color: look.quiet } },
  };
}

export function colorOf(name: string, look: Look) {
  const at = OUTCOMES[name];
  if (at === undefined) return {};
  return { itemStyle: { color: at === 1 ? look.colors[1] : at === 2 ? look.bad : look.quiet } };
}
