// The error in which JSON lines end that are only a part: the status was sent already when it happened.
// Deliberately absent: the other forms, which are cut off instead.

import { Problem } from '../api/problem';
import type { QueryError } from '../api/types.gen';

/** Bytes of the last line that are looked at: an error is short, and a row that long is none. */
const LINE_BYTES_MAX = 64 * 1024;

/** Whether a line is `{"error":{"kind":…,"code":…,"message":…}}` alone, as the server writes it behind the rows. */
function isError(line: unknown): line is { error: QueryError } {
  if (typeof line !== 'object' || line === null || Object.keys(line).join() !== 'error') return false;
  const error: unknown = (line as { error: unknown }).error;
  return (
    typeof error === 'object' && error !== null && 'kind' in error && 'message' in error && 'hint' in error
  );
}

/** The error at the end of an answer; `null` if the answer is whole. */
export async function lateError(lines: Blob): Promise<Problem | null> {
  const end = await lines.slice(Math.max(0, lines.size - LINE_BYTES_MAX)).text();
  const last = end.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{"error":')) return null;
  let line: unknown;
  try {
    line = JSON.parse(last);
  } catch {
    // A longer line than an error has.
    return null;
  }
  if (!isError(line)) return null;
  return new Problem({
    code: line.error.code || 'cut_off',
    detail: `the export is only a part, and was not saved: ${line.error.message}`,
    hint: line.error.hint,
  });
}
