// Queries that were run in this browser, newest first.
// Deliberately absent: saved queries, which the server keeps.

const STORED = 'doorledger.history';
const KEPT_MAX = 100;
/** A longer query is not worth keeping here. */
const QUERY_CHARS_MAX = 10_000;

export interface Past {
  query: string;
  time: string;
  at: number;
}

export function recent(): Past[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(STORED) ?? '[]');
    if (!Array.isArray(found)) return [];
    return found.filter(
      (one: unknown): one is Past =>
        typeof one === 'object' && one !== null && typeof (one as Past).query === 'string',
    );
  } catch {
    return [];
  }
}

export function remember(past: Past): void {
  if (past.query.trim() === '' || past.query.length > QUERY_CHARS_MAX) return;
  const others = recent().filter((one) => one.query !== past.query);
  try {
    localStorage.setItem(STORED, JSON.stringify([past, ...others].slice(0, KEPT_MAX)));
  } catch {
    // Full or forbidden: history is a comfort only.
  }
}
