// A refusal of the server (RFC 9457) as an error with cause and remedy, and the same for what goes wrong on the way to it.
// Deliberately absent: showing it (`widgets/ProblemView`).

export interface ProblemBody {
  status?: number;
  code?: string;
  title?: string;
  detail?: string;
  hint?: string | null;
  span?: [number, number] | null;
  problems?: { path?: string; message: string; hint?: string | null }[];
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  /** Place in the query's text, as the server counts. */
  readonly span: [number, number] | null;
  readonly parts: { path?: string; message: string; hint?: string | null }[];

  constructor(body: ProblemBody) {
    super(body.detail || body.title || 'the server refused the request');
    this.name = 'Problem';
    this.status = body.status ?? 0;
    this.code = body.code ?? 'unknown';
    this.hint = body.hint ?? '';
    this.span = body.span ?? null;
    this.parts = body.problems ?? [];
  }
}

/** Reads a refusal; an answer that is no problem document becomes one that says so. */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '');
  try {
    const body = JSON.parse(text) as ProblemBody;
    if (typeof body === 'object' && body !== null) return new Problem({ ...body, status: response.status });
  } catch {
    // Not JSON: a proxy in between speaks.
  }
  return new Problem({
    status: response.status,
    code: 'not_ours',
    detail: `the answer ${response.status} did not come from doorledger`,
    hint: 'look at the proxy between this browser and the server',
  });
}

/** The request did not reach the server, or its answer broke off. */
export function connectionLost(): Problem {
  return new Problem({
    code: 'connection_lost',
    detail: 'the server cannot be reached',
    hint: 'nothing you typed is lost; it is asked for again as soon as the server answers',
  });
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ code: 'page', detail: error instanceof Error ? error.message : String(error) });
}
