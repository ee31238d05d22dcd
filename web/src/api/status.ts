// How everything is, asked again every few seconds while somebody looks.
// Deliberately absent: judging and drawing.

import { useQuery } from '@tanstack/react-query';
import { json } from './client';
import type { Status } from './types.gen';

const LOOK_MS = 4_000;

export function useStatus() {
  return useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => json<Status>('/api/v1/status', { signal }),
    refetchInterval: LOOK_MS,
  });
}
