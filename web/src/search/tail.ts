// A live tail: the server's own, behind the newest rows that are there already, so that a quiet table is no empty page. One
// that ends without an error, or breaks off, goes on behind the last offset that was told, so that no row is missed and
// none comes twice.
// Deliberately absent: keeping and drawing rows.

import { readFrames } from '../api/frames';
import { Problem } from '../api/problem';
import type { Frame } from '../api/types.gen';

/** Before a tail that broke off is asked for again. */
const PAUSE_MS = 2_000;
/** Rows that are shown of those that were there before the tail began, and how old they are at most. */
const PAST_ROWS = 100;
const PAST_TIME = 'P1D';
/** The column by which a tail knows which rows are new. */
const OFFSET = '_Offset';

type Read = typeof readFrames;

export async function tail(
  query: string,
  signal: AbortSignal,
  take: (frame: Frame) => void,
  read: Read = readFrames,
  pauseMs = PAUSE_MS,
): Promise<void> {
  let after: number | null = null;
  // Rows since the last beat: if the tail breaks off before the next one, they will come again.
  let waiting: Frame[] = [];
  let begun = false;
  let offsetColumn = -1;
  // The rows of before are on their way, and the new ones come behind them.
  let pastComes = false;
  let beaten: number | null = null;
  const told = (offset: number): void => {
    after = offset;
    for (const rows of waiting) take(rows);
    waiting = [];
  };
  const taken = (frame: Frame): void => {
    if (frame.frame === 'table') {
      if (!begun) {
        take(frame);
        offsetColumn = frame.columns.findIndex((column) => column.name === OFFSET);
      }
      begun = true;
    } else if (frame.frame === 'beat') {
      if (after === null && offsetColumn >= 0) {
        after = frame.offset;
        pastComes = true;
        void past(query, frame.offset, offsetColumn, signal, read).then((rows) => {
          pastComes = false;
          if (signal.aborted) return;
          if (rows.length > 0) take({ frame: 'rows', rows });
          if (beaten !== null) told(beaten);
        });
      } else if (pastComes) beaten = frame.offset;
      else told(frame.offset);
    } else if (frame.frame === 'rows') {
      waiting.push(frame);
    } else if (frame.frame === 'end' && frame.error !== null) {
      take(frame);
    }
  };
  while (!signal.aborted) {
    waiting = [];
    beaten = null;
    try {
      await read('/api/v1/tail', after === null ? { query } : { query, after }, signal, taken);
    } catch (error) {
      // What never began, and what the server refuses, is no matter of waiting.
      const isLost = error instanceof Problem && error.code === 'connection_lost';
      if (signal.aborted || !begun || !isLost) throw error;
    }
    await pause(signal, pauseMs);
  }
}

/** The newest rows up to an offset, the newest last; none if they cannot be had: the tail does without. */
async function past(
  query: string,
  until: number,
  offsetColumn: number,
  signal: AbortSignal,
  read: Read,
): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  const asked = `${query}\n| where ${OFFSET} <= ${until}\n| top ${PAST_ROWS} by ${OFFSET}`;
  try {
    await read(
      '/api/v1/query',
      { query: asked, maxRows: PAST_ROWS, timespan: PAST_TIME },
      signal,
      (frame) => {
        if (frame.frame === 'rows') rows.push(...frame.rows);
      },
    );
  } catch {
    return [];
  }
  return rows.sort((a, b) => Number(a[offsetColumn]) - Number(b[offsetColumn]));
}

function pause(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
