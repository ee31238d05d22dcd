// A live tail: the server's own, or, where it has none, the table asked again and again for what lies beyond the last
// offset, so that late events come too.
// Deliberately absent: keeping and drawing rows.

import { ask } from '../api/ask';
import { readFrames } from '../api/frames';
import { Problem } from '../api/problem';
import type { Frame } from '../api/types.gen';
import { steps } from '../kql/pipes';

/** Between two questions. */
const PAUSE_MS = 1_500;
/** Rows of one question. */
const ROWS_MAX = 2_000;

export async function tail(query: string, signal: AbortSignal, take: (frame: Frame) => void): Promise<void> {
  try {
    await readFrames('/api/v1/tail', { query }, signal, take);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    await asking(query, signal, take);
  }
}

async function asking(query: string, signal: AbortSignal, take: (frame: Frame) => void): Promise<void> {
  const first = steps(query)[0];
  const head = query.slice(0, first?.end ?? query.length).trimEnd();
  const rest = query.slice(first?.end ?? query.length).trim();
  const newest = async () =>
    Number((await ask(`${head}\n| summarize max(_Offset)`, undefined, signal)).rows[0]?.[0] ?? -1);
  let seen = await newest();
  let begun = false;
  while (!signal.aborted) {
    const now = await newest();
    if (now > seen || !begun) {
      const answer = await ask(
        `${head}\n| where _Offset > ${seen} and _Offset <= ${now}\n${rest}`,
        undefined,
        signal,
        ROWS_MAX,
      );
      if (!begun) take({ frame: 'table', name: 'PrimaryResult', columns: answer.columns, render: null });
      begun = true;
      if (answer.rows.length > 0) take({ frame: 'rows', rows: answer.rows });
      seen = now;
    }
    await pause(signal);
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PAUSE_MS);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
