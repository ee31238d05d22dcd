// What the server knows of the language, for the editor: the same crate that answers the query judges it.
// Deliberately absent: CodeMirror (`editor`).

import { json } from './client';
import type { Check, Completion, Hover, Schema, Signature, Words } from './types.gen';

function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return json<T>(`/api/v1/kql/${path}`, { method: 'POST', body, signal });
}

export const checkQuery = (query: string, signal?: AbortSignal) => post<Check>('check', { query }, signal);
export const completeQuery = (query: string, position: number, signal?: AbortSignal) =>
  post<Completion>('complete', { query, position }, signal);
export const hoverQuery = (query: string, position: number) =>
  post<Hover | null>('hover', { query, position });
export const signatureQuery = (query: string, position: number) =>
  post<Signature | null>('signature', { query, position });
export const formatQuery = (query: string) => post<{ query: string }>('format', { query });
export const wordsQuery = (text: string, table: string) =>
  post<Words>('words', { text, ...(table === '' ? {} : { table }) });
export const loadSchema = (signal?: AbortSignal) => json<Schema>('/api/v1/schema', { signal });
