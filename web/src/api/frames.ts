// Reads an answer frame by frame while the query runs.
// Deliberately absent: keeping the rows (`rows/packed`), and drawing them.

import { send } from './client';
import { connectionLost, Problem } from './problem';
import type { Frame } from './types.gen';

export const FRAMES = 'application/vnd.doorledger.frames';

/** Integers that a double cannot hold; they are kept as text. */
const LONG_NUMBER = /[[,:]-?\d{16,}[\],}]/;

/** A string, or a number as a whole. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** How long frames are taken in before the page may draw again, in milliseconds: less than a frame of the screen. */
const TAKEN_MS_MAX = 12;

/** Ends when the page was drawn; what is hidden is not drawn. */
function drawn(): Promise<void> {
  return new Promise((resolve) => {
    if (document.hidden) setTimeout(resolve);
    else requestAnimationFrame(() => setTimeout(resolve));
  });
}

/** One line of the answer. Integers beyond 2^53 come out as text, so that no digit is lost. */
export function parseFrame(line: string): Frame {
  if (!LONG_NUMBER.test(line)) return JSON.parse(line) as Frame;
  const exact = line.replace(TOKENS, (token) => (/^-?\d{16,}$/.test(token) ? `"${token}"` : token));
  return JSON.parse(exact) as Frame;
}

/**
 * Sends a query and hands over each frame; ends with the answer, or throws a problem. The page draws in between, the first
 * rows before the next ones are looked at, however fast they come.
 */
export async function readFrames(
  path: string,
  body: unknown,
  signal: AbortSignal,
  take: (frame: Frame) => void,
): Promise<void> {
  const response = await send(path, { method: 'POST', body, accept: FRAMES, signal });
  if (response.body === null) throw new Problem({ code: 'page', detail: 'the answer has no body' });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  // Pieces of a line that is not complete: joined once, for a line may be megabytes long.
  let pieces: string[] = [];
  let ended = false;
  // The first rows are always drawn.
  let since = Number.NEGATIVE_INFINITY;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      let text = decoder.decode(value, { stream: true });
      for (let newline = text.indexOf('\n'); newline >= 0; newline = text.indexOf('\n')) {
        pieces.push(text.slice(0, newline));
        text = text.slice(newline + 1);
        const line = pieces.join('');
        pieces = [];
        if (line === '') continue;
        const frame = parseFrame(line);
        ended ||= frame.frame === 'end';
        take(frame);
        if (frame.frame === 'rows' && performance.now() - since > TAKEN_MS_MAX) {
          await drawn();
          since = performance.now();
        }
      }
      if (text !== '') pieces.push(text);
    }
  } catch (error) {
    if (signal.aborted || error instanceof Problem) throw error;
    throw connectionLost();
  }
  if (!ended && !signal.aborted) throw connectionLost();
}
