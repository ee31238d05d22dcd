// The one way to the server: JSON in and out, the CSRF header, a session that ended, a connection that is lost.
// Deliberately absent: caching (TanStack Query) and the shape of any answer (`types`).

import { connection } from './connection';
import { connectionLost, problemOf } from './problem';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Ask {
  method?: Method;
  body?: unknown;
  accept?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** Where one signs in. */
export const SESSION = '/api/v1/session';

let csrf: string | null = null;
let signInAgain: (() => Promise<void>) | null = null;

/** What the session told; sent with everything that changes something. */
export function setCsrf(token: string | null): void {
  csrf = token;
}

/** Who asks the person to sign in again; its promise ends when that is done. */
export function onSignedOut(handler: (() => Promise<void>) | null): void {
  signInAgain = handler;
}

/** Sends a request; a session that ended is mended in place and the request sent again. */
export async function send(path: string, ask: Ask = {}): Promise<Response> {
  const response = await attempt(path, ask);
  if (response.ok) return response;
  const problem = await problemOf(response);
  // The sign-in itself is refused with 401 too: that is for its own form.
  if (response.status === 401 && path !== SESSION && signInAgain !== null) {
    await signInAgain();
    const again = await attempt(path, ask);
    if (again.ok) return again;
    throw await problemOf(again);
  }
  throw problem;
}

async function attempt(path: string, ask: Ask): Promise<Response> {
  const method = ask.method ?? 'GET';
  const headers: Record<string, string> = { Accept: ask.accept ?? 'application/json', ...ask.headers };
  if (ask.body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrf !== null) headers['X-Doorledger-Csrf'] = csrf;
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: ask.body === undefined ? null : JSON.stringify(ask.body),
      signal: ask.signal ?? null,
      credentials: 'same-origin',
      cache: 'no-store',
    });
    connection.reached();
    return response;
  } catch (error) {
    if (ask.signal?.aborted) throw error;
    connection.lost();
    throw connectionLost();
  }
}

/** Sends a request and reads its JSON; an answer without a body is `undefined`. */
export async function json<T>(path: string, ask: Ask = {}): Promise<T> {
  const response = await send(path, ask);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
