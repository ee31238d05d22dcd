// People, tokens and the audit trail, for administrators.
// Deliberately absent: the session (`client`).

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { json } from './client';
import type { Audit, MadeToken, NewPerson, NewToken, People, PersonChange, Tokens } from './types.gen';

const PAGE = 100;

export const useUsers = () =>
  useQuery({
    queryKey: ['users'],
    queryFn: ({ signal }) => json<People>('/api/v1/users', { signal }),
    select: (answer) => answer.users,
  });

export const useTokens = () =>
  useQuery({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => json<Tokens>('/api/v1/tokens', { signal }),
    select: (answer) => answer.tokens,
  });

export const auditPage = (before: number | null, signal: AbortSignal) =>
  json<Audit>(`/api/v1/audit?limit=${PAGE}${before === null ? '' : `&before=${before}`}`, {
    signal,
  });

/** Something of `key` is changed, and the list asked again. */
export function useAccessChange<Input, Output>(
  key: 'users' | 'tokens',
  change: (input: Input) => Promise<Output>,
) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => queries.invalidateQueries({ queryKey: [key] }) });
}

export const addUser = (user: NewPerson) => json('/api/v1/users', { method: 'POST', body: user });
export const putUser = ({ name, ...change }: { name: string } & PersonChange) =>
  json(`/api/v1/users/${encodeURIComponent(name)}`, { method: 'PUT', body: change });
export const dropUser = (name: string) =>
  json(`/api/v1/users/${encodeURIComponent(name)}`, { method: 'DELETE' });
export const addToken = (token: NewToken) =>
  json<MadeToken>('/api/v1/tokens', { method: 'POST', body: token });
export const dropToken = (id: string) =>
  json(`/api/v1/tokens/${encodeURIComponent(id)}`, { method: 'DELETE' });
