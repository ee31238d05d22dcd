// A live tail: the server's own. One that ends without an error, or breaks off, goes on behind the last offset that was
// told, so that no row is missed and none comes twice.
// Deliberately absent: keeping and drawing rows.

import { readFrames } from '../api/frames';
import { Problem } from '../api/problem';
import type { Frame } from '../api/types.gen';

/** Before a tail that broke off is asked for again. */
const PAUSE_MS = 2_000;

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
  const taken = (frame: Frame): void => {
    if (frame.frame === 'table') {
      if (!begun) take(frame);
      begun = true;
    } else if (frame.frame === 'beat') {
      after = frame.offset;
      for (const rows of waiting) take(rows);
      waiting = [];
    } else if (frame.frame === 'rows') {
      waiting.push(frame);
    } else if (frame.frame === 'end' && frame.error !== null) {
      take(frame);
    }
  };
  while (!signal.aborted) {
    waiting = [];
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

function pause(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
