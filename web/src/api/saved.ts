// Saved queries and dashboards: asking for them, and changing them.
// Deliberately absent: what a dashboard is drawn as (`dashboards`).

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { json, send } from './client';
import type { Dashboard, Dashboards, MadeDashboard, Queries, QueryDraft } from './types.gen';

export function useSavedQueries() {
  return useQuery({
    queryKey: ['queries'],
    queryFn: ({ signal }) => json<Queries>('/api/v1/queries', { signal }),
    select: (answer) => answer.queries,
  });
}

export function useSaveQuery() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...draft }: QueryDraft & { id?: string }) =>
      id === undefined
        ? json('/api/v1/queries', { method: 'POST', body: draft })
        : json(`/api/v1/queries/${encodeURIComponent(id)}`, { method: 'PUT', body: draft }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['queries'] }),
  });
}

export function useDropQuery() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => json(`/api/v1/queries/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['queries'] }),
  });
}

export function useDashboards() {
  return useQuery({
    queryKey: ['dashboards'],
    queryFn: ({ signal }) => json<Dashboards>('/api/v1/dashboards', { signal }),
    select: (answer) => answer.dashboards,
  });
}

export interface Loaded {
  dashboard: Dashboard;
  etag: string | null;
}

export async function loadDashboard(id: string, signal?: AbortSignal): Promise<Loaded> {
  const response = await send(`/api/v1/dashboards/${encodeURIComponent(id)}`, { signal });
  return { dashboard: (await response.json()) as Dashboard, etag: response.headers.get('ETag') };
}

export function useDashboard(id: string) {
  return useQuery({ queryKey: ['dashboard', id], queryFn: ({ signal }) => loadDashboard(id, signal) });
}

export async function createDashboard(dashboard: Dashboard): Promise<string> {
  const made = await json<MadeDashboard>('/api/v1/dashboards', { method: 'POST', body: dashboard });
  return made.id;
}

/** Saves over what was loaded; refused with 412 if somebody else saved in between. */
export async function saveDashboard(id: string, dashboard: Dashboard, etag: string | null): Promise<void> {
  await send(`/api/v1/dashboards/${encodeURIComponent(id)}`, {
    method: 'PUT',
    body: dashboard,
    headers: etag === null ? {} : { 'If-Match': etag },
  });
}

export async function dropDashboard(id: string): Promise<void> {
  await send(`/api/v1/dashboards/${encodeURIComponent(id)}`, { method: 'DELETE' });
}
