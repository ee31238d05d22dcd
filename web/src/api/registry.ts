// The applications that are connected: kinds with their forms, tenants with their sources, destinations; asking, testing,
// changing. A server without these routes answers 404, and the page shows what the status tells.
// Deliberately absent: forms (`registry/SchemaForm`).

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { json } from './client';
import { Problem } from './problem';
import type {
  Checks,
  DestinationDraft,
  Destinations,
  DestinationTest,
  Kinds,
  Made,
  Rotated,
  Rotation,
  TenantDraft,
  Tenants,
  TenantTest,
} from './types.gen';

/** The answer, or `null` where the server has no registry. */
async function orNone<T>(asking: Promise<T>): Promise<T | null> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof Problem && (error.status === 404 || error.status === 405)) return null;
    throw error;
  }
}

export function useKinds() {
  return useQuery({
    queryKey: ['kinds'],
    queryFn: ({ signal }) => orNone(json<Kinds>('/api/v1/kinds', { signal })),
    staleTime: 600_000,
  });
}

export function useTenants() {
  return useQuery({
    queryKey: ['tenants'],
    queryFn: ({ signal }) => orNone(json<Tenants>('/api/v1/tenants', { signal })),
  });
}

export function useDestinations() {
  return useQuery({
    queryKey: ['destinations'],
    queryFn: async ({ signal }) =>
      (await orNone(json<Destinations>('/api/v1/destinations', { signal })))?.destinations ?? null,
  });
}

/** Something about a tenant or destination is changed; the lists are asked again. */
export function useChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['tenants'] });
      await queries.invalidateQueries({ queryKey: ['destinations'] });
      await queries.invalidateQueries({ queryKey: ['status'] });
    },
  });
}

const tenantPath = (provider: string, name: string) =>
  `/api/v1/tenants/${encodeURIComponent(provider)}/${encodeURIComponent(name)}`;
const sourcePath = (source: string) =>
  `/api/v1/sources/${source.split('/').map(encodeURIComponent).join('/')}`;

export const testTenant = (wanted: TenantTest) =>
  json<Checks>('/api/v1/tenants/test', { method: 'POST', body: wanted });
export const addTenant = (draft: TenantDraft) =>
  json<Made>('/api/v1/tenants', { method: 'POST', body: draft });
export const putTenant = (draft: TenantDraft) =>
  json<Made>(tenantPath(draft.provider ?? '', draft.name ?? ''), { method: 'PUT', body: draft });
export const dropTenant = (of: { provider: string; name: string }) =>
  json(tenantPath(of.provider, of.name), { method: 'DELETE' });
export const pauseSource = (of: { source: string; pause: boolean }) =>
  json(`${sourcePath(of.source)}/${of.pause ? 'pause' : 'resume'}`, { method: 'POST', body: {} });
export const rotateSource = ({ source, ...wanted }: Rotation & { source: string }) =>
  json<Rotated>(`${sourcePath(source)}/rotate`, { method: 'POST', body: wanted });

const destinationPath = (name: string) => `/api/v1/destinations/${encodeURIComponent(name)}`;

export const testDestination = (wanted: DestinationTest) =>
  json<Checks>('/api/v1/destinations/test', { method: 'POST', body: wanted });
export const addDestination = (draft: DestinationDraft) =>
  json('/api/v1/destinations', { method: 'POST', body: draft });
export const putDestination = (draft: DestinationDraft) =>
  json(destinationPath(draft.name), { method: 'PUT', body: draft });
export const dropDestination = (name: string) => json(destinationPath(name), { method: 'DELETE' });
export const pauseDestination = (of: { name: string; pause: boolean }) =>
  json(`${destinationPath(of.name)}/${of.pause ? 'pause' : 'resume'}`, { method: 'POST', body: {} });
