// The search page's state as an address: whoever gets the link sees the same.
// Deliberately absent: what is typed and not yet run, which belongs to the editor.

import { DEFAULT_RANGE, parseRange, rangeText, type TimeRange } from '../time/range';

/** Rows asked for at most, unless a person wants more. */
export const ROWS_DEFAULT = 10_000;
export const ROWS_CHOICES = [1_000, 10_000, 100_000, 500_000];

export interface SearchState {
  query: string;
  range: TimeRange;
  rows: number;
  view: 'auto' | 'table' | 'chart';
  sort: { column: string; descending: boolean } | null;
  group: string | null;
  hidden: string[];
  pinned: string[];
  live: boolean;
}

export const EMPTY: SearchState = {
  query: '',
  range: DEFAULT_RANGE,
  rows: ROWS_DEFAULT,
  view: 'auto',
  sort: null,
  group: null,
  hidden: [],
  pinned: [],
  live: false,
};

export function parseSearch(parameters: URLSearchParams): SearchState {
  const sort = parameters.get('sort');
  const rows = Number(parameters.get('rows'));
  const view = parameters.get('view');
  return {
    query: parameters.get('q') ?? '',
    range: parseRange(parameters.get('t')),
    rows: ROWS_CHOICES.includes(rows) ? rows : ROWS_DEFAULT,
    view: view === 'table' || view === 'chart' ? view : 'auto',
    sort:
      sort === null || sort.length < 2 ? null : { column: sort.slice(1), descending: sort.startsWith('-') },
    group: parameters.get('group'),
    hidden: parameters.getAll('hide'),
    pinned: parameters.getAll('pin'),
    live: parameters.get('live') === '1',
  };
}

export function searchParameters(state: SearchState): URLSearchParams {
  const out = new URLSearchParams();
  if (state.query !== '') out.set('q', state.query);
  if (rangeText(state.range) !== rangeText(DEFAULT_RANGE)) out.set('t', rangeText(state.range));
  if (state.rows !== ROWS_DEFAULT) out.set('rows', String(state.rows));
  if (state.view !== 'auto') out.set('view', state.view);
  if (state.sort !== null) out.set('sort', `${state.sort.descending ? '-' : '+'}${state.sort.column}`);
  if (state.group !== null) out.set('group', state.group);
  for (const column of state.hidden) out.append('hide', column);
  for (const column of state.pinned) out.append('pin', column);
  if (state.live) out.set('live', '1');
  return out;
}

/** A link to the search page with a query. */
export function searchUrl(to: { query: string; time?: string | null | undefined }): string {
  return `/search?${searchParameters({ ...EMPTY, query: to.query, range: parseRange(to.time) })}`;
}
