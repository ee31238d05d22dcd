// Small questions whose whole answer fits in a hand: statistics, tiles' parameters, the person page.
// Deliberately absent: large answers, which come in frames (`frames`).

import { json } from './client';
import { Problem } from './problem';
import type { QueryAnswer, Render, ResultColumn } from './types.gen';

export interface Answer {
  columns: ResultColumn[];
  rows: unknown[][];
  render: Render | null;
}

/** Asks, and gives the first table; an error that came after the first row is thrown too. */
export async function ask(
  query: string,
  timespan?: string,
  signal?: AbortSignal,
  rowsMax = 10_000,
): Promise<Answer> {
  const wire = await json<QueryAnswer>('/api/v1/query', {
    method: 'POST',
    body: { query, maxRows: rowsMax, ...(timespan === undefined ? {} : { timespan }) },
    signal,
  });
  // More rows than were asked for are an error to the engine; those that came are what was wanted.
  if (wire.error && (wire.tables[0]?.rows.length ?? 0) < rowsMax) {
    throw new Problem({
      code: wire.error.code,
      detail: wire.error.message,
      hint: wire.error.hint,
    });
  }
  const table = wire.tables[0];
  return { columns: table?.columns ?? [], rows: table?.rows ?? [], render: wire.render ?? null };
}

/** Rows as objects by column name. */
export function objects(answer: Answer): Record<string, unknown>[] {
  return answer.rows.map((row) =>
    Object.fromEntries(answer.columns.map((column, at) => [column.name, row[at]])),
  );
}
