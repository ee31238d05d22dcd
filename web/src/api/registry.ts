// The applications that are connected: kinds with their forms, tenants with their sources, destinations; asking, testing,
// changing. A server without these routes answers 404, and the page shows what the status tells.
// Deliberately absent: forms (`registry/SchemaForm`).

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { json } from './client';
import { Problem } from './problem';

export interface FieldSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  writeOnly?: boolean;
  format?: string;
  minimum?: number;
  maximum?: number;
  items?: FieldSchema;
  properties?: Record<string, FieldSchema>;
  required?: string[];
  const?: unknown;
  /** What a text of several lines is. */
  contentMediaType?: string;
  /** Groups of alternatives. */
  allOf?: FieldSchema[];
  /** At least one of these. */
  anyOf?: FieldSchema[];
  /** Exactly one of these. */
  oneOf?: FieldSchema[];
  /** Nearly nobody needs it. */
  'x-advanced'?: boolean;
  /** The server makes one if it is left out. */
  'x-generated'?: boolean;
}

export interface SourceKind {
  name: string;
  via: 'poll' | 'push';
  schema: FieldSchema;
}

export interface ProviderKind {
  name: string;
  title: string;
  table: string;
  sources: SourceKind[];
}

export interface Kinds {
  providers: ProviderKind[];
  destinations: { kind: string; title: string; schema: FieldSchema }[];
}

export interface TenantSource {
  source: string;
  name: string;
  via: 'poll' | 'push';
  paused: boolean;
  collection_start?: string | null;
  config: Record<string, unknown>;
  url?: string | null;
  /** Until when an earlier secret is accepted beside the new one. */
  earlier_until?: string | null;
}

/** Why an entry of the registry does not run. */
export interface EntryProblem {
  path: string;
  message: string;
  hint: string;
}

export interface Tenant {
  provider: string;
  name: string;
  domain?: string | null;
  managed: 'file' | 'registry';
  sources: TenantSource[];
  problems?: EntryProblem[];
}

export interface Destination {
  name: string;
  kind: string;
  managed: 'file' | 'registry';
  paused?: boolean;
  config: Record<string, unknown> | null;
  problems?: EntryProblem[];
}

export interface TestCheck {
  name: string;
  state: 'ok' | 'warning' | 'failed';
  message: string;
  hint?: string | null;
}

export interface TenantDraft {
  provider: string;
  name: string;
  sources: Record<string, Record<string, unknown>>;
}

/** What a push source shows once. */
export interface Made {
  url?: string | null;
  secret?: string | null;
}

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
    queryFn: async ({ signal }) =>
      (await orNone(json<{ tenants: Tenant[] }>('/api/v1/tenants', { signal })))?.tenants ?? null,
  });
}

export function useDestinations() {
  return useQuery({
    queryKey: ['destinations'],
    queryFn: async ({ signal }) =>
      (await orNone(json<{ destinations: Destination[] }>('/api/v1/destinations', { signal })))
        ?.destinations ?? null,
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

export const testTenant = (draft: Partial<TenantDraft>) =>
  json<{ checks: TestCheck[] }>('/api/v1/tenants/test', { method: 'POST', body: draft });
export const addTenant = (draft: TenantDraft) =>
  json<Made | undefined>('/api/v1/tenants', { method: 'POST', body: draft });
export const putTenant = (draft: TenantDraft) =>
  json<Made | undefined>(tenantPath(draft.provider, draft.name), { method: 'PUT', body: draft });
export const dropTenant = (of: { provider: string; name: string }) =>
  json(tenantPath(of.provider, of.name), { method: 'DELETE' });
export const pauseSource = (of: { source: string; pause: boolean }) =>
  json(`${sourcePath(of.source)}/${of.pause ? 'pause' : 'resume'}`, { method: 'POST', body: {} });
export const rotateSource = (of: { source: string; secret?: string; keep_old_hours: number }) => {
  const { source, ...body } = of;
  return json<{ secret?: string | null } | undefined>(`${sourcePath(source)}/rotate`, {
    method: 'POST',
    body,
  });
};

export type DestinationDraft = { name: string; kind: string; config: Record<string, unknown> };
export const testDestination = (draft: DestinationDraft | { name: string }) =>
  json<{ checks: TestCheck[] }>('/api/v1/destinations/test', { method: 'POST', body: draft });
export const saveDestination = (of: { draft: DestinationDraft; fresh: boolean }) =>
  json(of.fresh ? '/api/v1/destinations' : `/api/v1/destinations/${encodeURIComponent(of.draft.name)}`, {
    method: of.fresh ? 'POST' : 'PUT',
    body: of.draft,
  });
export const dropDestination = (name: string) =>
  json(`/api/v1/destinations/${encodeURIComponent(name)}`, { method: 'DELETE' });
export const pauseDestination = (of: { name: string; pause: boolean }) =>
  json(`/api/v1/destinations/${encodeURIComponent(of.name)}/${of.pause ? 'pause' : 'resume'}`, {
    method: 'POST',
    body: {},
  });
