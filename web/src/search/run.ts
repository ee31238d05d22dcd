// A query on its way: rows as they come, progress, the end, a cancel; the last good result stays when the next query is bad.
// Listeners are told at most once a frame, however fast rows come.
// Deliberately absent: React, drawing, and the text that is being typed.

import { readFrames } from '../api/frames';
import { asProblem, Problem } from '../api/problem';
import type { Frame, Render } from '../api/types.gen';
import { PackedRows, TEXT_BYTES_MAX } from '../rows/packed';
import { tail } from './tail';

export type Phase = 'idle' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Result {
  query: string;
  rows: PackedRows;
  render: Render | null;
  /** Why the rows are not all of them; empty if they are. */
  cut: string;
}

export interface Progress {
  rowsScanned: number;
  bytesScanned: number;
  elapsedMs: number;
  /** From sending to the first row in the browser; `null` before it. */
  firstRowMs: number | null;
}

export interface Snapshot {
  phase: Phase;
  /** The newest result that has columns, of this query or of the last good one. */
  result: Result | null;
  /** Whether `result` belongs to the query that was run last. */
  current: boolean;
  progress: Progress;
  problem: Problem | null;
  /** What the problem's query was, to show its place only there. */
  query: string;
  /** Counts changes, for whoever keeps something derived from the rows. */
  version: number;
}

/** Rows of a live tail after which it begins with an empty table. */
const LIVE_ROWS_MAX = 100_000;

const NO_PROGRESS: Progress = { rowsScanned: 0, bytesScanned: 0, elapsedMs: 0, firstRowMs: null };

export interface Asked {
  query: string;
  timespan?: string | undefined;
  rows: number;
  live: boolean;
}

/** One search at a time, with whoever watches it. */
export class Run {
  private state: Snapshot = {
    phase: 'idle',
    result: null,
    current: false,
    progress: NO_PROGRESS,
    problem: null,
    query: '',
    version: 0,
  };
  private listeners = new Set<() => void>();
  private abort: AbortController | null = null;
  private frame = 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): Snapshot => this.state;

  /** Runs a query; `answered` is called once, when its first rows are there or it ended without any. */
  async start(asked: Asked, answered: () => void): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    const began = performance.now();
    this.set({ phase: 'running', current: false, problem: null, progress: NO_PROGRESS, query: asked.query });
    let result: Result | null = null;
    let tables = 0;
    const take = (frame: Frame): void => {
      if (this.abort !== abort) return;
      if (frame.frame === 'table') {
        // Of several tables, as `fork` gives them, the first is shown.
        tables += 1;
        if (tables > 1) return;
        result = { query: asked.query, rows: new PackedRows(frame.columns), render: frame.render, cut: '' };
        // An empty table would be drawn in the time in which the first rows come: it is shown with them, or when it is clear
        // that they take longer.
        if (asked.live) this.set({ result, current: true });
      } else if (frame.frame === 'rows' && result !== null && tables === 1) {
        if (asked.live && result.rows.length > LIVE_ROWS_MAX) {
          result = { ...result, rows: new PackedRows(result.rows.columns) };
          this.set({ result });
        }
        if (result.rows.length === 0) answered();
        this.takeRows(result, frame.rows, began, abort);
      } else if (frame.frame === 'progress') {
        this.set({ ...shown(result), progress: this.progress(frame) });
      } else if (frame.frame === 'end') {
        // More rows than were asked for are an error to the engine; here they are rows that are not shown.
        const full = result !== null && !asked.live && result.rows.length >= asked.rows;
        if (frame.error !== null && !full) throw problemOfEnd(frame.error);
        if (result !== null && full) {
          result.cut = `These are the first ${asked.rows.toLocaleString('en')} rows; there may be more.`;
        }
        if (result === null || result.rows.length === 0) answered();
        this.set({ ...shown(result), phase: 'done', progress: this.progress(frame) });
      }
    };
    try {
      if (asked.live) await tail(asked.query, abort.signal, take);
      else {
        const span = asked.timespan === undefined ? {} : { timespan: asked.timespan };
        await readFrames(
          '/api/v1/query',
          { query: asked.query, maxRows: asked.rows, ...span },
          abort.signal,
          take,
        );
      }
      if (this.abort === abort && this.state.phase === 'running') this.set({ phase: 'done' });
    } catch (error) {
      if (this.abort !== abort) return;
      if (abort.signal.aborted) this.set({ phase: 'cancelled' });
      else this.set({ phase: 'failed', problem: asProblem(error) });
    }
  }

  cancel(): void {
    if (this.state.phase === 'running') this.abort?.abort();
  }

  /** Forgets the result, for an empty editor. */
  clear(): void {
    this.abort?.abort();
    this.abort = null;
    this.set({
      phase: 'idle',
      result: null,
      current: false,
      problem: null,
      progress: NO_PROGRESS,
      query: '',
    });
  }

  private takeRows(result: Result, rows: unknown[][], began: number, abort: AbortController): void {
    result.rows.append(rows);
    const progress = this.state.progress;
    this.set({
      ...shown(result),
      progress:
        progress.firstRowMs === null ? { ...progress, firstRowMs: performance.now() - began } : progress,
    });
    if (result.rows.textBytes() > TEXT_BYTES_MAX) {
      result.cut = `The rows are too large for the browser: the first ${result.rows.length.toLocaleString('en')} are shown. Export the rest, or project fewer columns.`;
      abort.abort();
    }
  }

  private progress(told: { rows_scanned: number; bytes_scanned: number; elapsed_ms: number }): Progress {
    return {
      ...this.state.progress,
      rowsScanned: told.rows_scanned,
      bytesScanned: told.bytes_scanned,
      elapsedMs: told.elapsed_ms,
    };
  }

  private set(change: Partial<Snapshot>): void {
    this.state = { ...this.state, ...change, version: this.state.version + 1 };
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      for (const listener of this.listeners) listener();
    });
  }
}

/** The result as what is seen now; what was seen before stays while there is none. */
function shown(result: Result | null): Partial<Snapshot> {
  return result === null ? {} : { result, current: true };
}

function problemOfEnd(error: {
  code?: string | null;
  message: string;
  hint?: string | null;
  span?: [number, number] | null;
}) {
  return new Problem({
    code: error.code ?? 'query_failed',
    detail: error.message,
    hint: error.hint ?? '',
    span: error.span ?? null,
  });
}
