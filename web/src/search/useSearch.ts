// The search page's state: what the address says, what is typed, and the run that belongs to it.
// Deliberately absent: anything drawn.

import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useSearchParams } from 'react-router';
import { tailPart } from '../kql/pipes';
import { rangeText, timespan } from '../time/range';
import { remember } from './past';
import { type Phase, Run, type Snapshot } from './run';
import { parseSearch, type SearchState, searchParameters } from './url';
import type { Asked } from './useHistogram';

// Beside React: whoever looks at another page and comes back finds text and result as they were.
const run = new Run();
let draft: string | null = null;
let ran = '';
let runs = 0;

/** The run as it is now; whoever asks is drawn again whenever it changes, which is often while rows come. */
export function useSnapshot(): Snapshot {
  return useSyncExternalStore(run.subscribe, run.snapshot);
}

/** What it is doing, which changes seldom. */
export function usePhase(): Phase {
  return useSyncExternalStore(run.subscribe, () => run.snapshot().phase);
}

/** As what the newest answer asks to be drawn. */
export function useRendered(): string | undefined {
  return useSyncExternalStore(run.subscribe, () => run.snapshot().result?.render?.visualization);
}

/** What makes another run; the rest of the address only changes the look. */
function runKey(state: SearchState): string {
  return JSON.stringify([state.query, rangeText(state.range), state.rows, state.live]);
}

export function useSearch() {
  const [parameters, setParameters] = useSearchParams();
  const state = useMemo(() => parseSearch(parameters), [parameters]);
  const [text, setText] = useState(draft ?? state.query);
  const [asked, setAsked] = useState<Asked | null>(
    ran === '' ? null : { query: run.snapshot().query, range: state.range, number: runs },
  );
  const key = runKey(state);

  const type = useCallback((value: string) => {
    draft = value;
    setText(value);
  }, []);

  const begin = useCallback((wanted: SearchState, query: string) => {
    runs += 1;
    ran = runKey(wanted);
    remember({ query, time: rangeText(wanted.range), at: Date.now() });
    const number = runs;
    if (wanted.live) setAsked(null);
    void run.start(
      {
        query: wanted.live ? tailPart(query) : query,
        timespan: timespan(wanted.range),
        rows: wanted.rows,
        live: wanted.live,
      },
      // The bars wait for the rows, which then have the server to themselves.
      () => !wanted.live && setAsked({ query, range: wanted.range, number }),
    );
  }, []);

  // An address that was followed, or gone back to, is run; what the page itself ran is running already.
  useEffect(() => {
    if (state.query === '') {
      if (ran !== '' && draft === null) run.clear();
      return;
    }
    if (ran === key) return;
    draft = state.query;
    setText(state.query);
    begin(state, state.query);
  }, [key, state, begin]);

  /** Changes the address; runs if what it asks is new, or if told to. */
  const go = useCallback(
    (change: Partial<SearchState>, again = false) => {
      const wanted = { ...state, ...change };
      const fresh = runKey(wanted) !== ran;
      if (change.query !== undefined) type(change.query);
      if (wanted.query.trim() !== '' && (fresh || again)) begin(wanted, wanted.query);
      setParameters(searchParameters(wanted), { replace: !fresh });
    },
    [state, begin, setParameters, type],
  );

  /** Runs what is typed, or a part of it, which leaves the address as it is. */
  const runText = useCallback(
    (part: string | null) => {
      if (part !== null && part.trim() !== '') begin({ ...state, live: false }, part);
      else if (text.trim() !== '')
        go({ query: text, ...(text === state.query ? {} : { group: null, sort: null, view: 'auto' }) }, true);
    },
    [begin, go, state, text],
  );

  /** An empty page again. */
  const clear = useCallback(() => {
    draft = null;
    ran = '';
    run.clear();
    setAsked(null);
    setText('');
    setParameters(new URLSearchParams());
  }, [setParameters]);

  return { state, text, type, go, runText, clear, cancel: () => run.cancel(), asked };
}

export type Search = ReturnType<typeof useSearch>;
