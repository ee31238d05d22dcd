// A dashboard while it is edited: the draft beside what was loaded, saving with the version it was loaded in, and a copy.
// Deliberately absent: drawing.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createDashboard, dropDashboard, saveDashboard, useDashboard } from '../api/saved';
import type { Dashboard } from '../api/types.gen';

export function useDraft(id: string) {
  const loaded = useDashboard(id);
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Dashboard | null>(null);
  const forget = async () => {
    await queries.invalidateQueries({ queryKey: ['dashboards'] });
    await queries.invalidateQueries({ queryKey: ['dashboard', id] });
  };
  const save = useMutation({
    mutationFn: async (dashboard: Dashboard) => saveDashboard(id, dashboard, loaded.data?.etag ?? null),
    onSuccess: async () => {
      await forget();
      setDraft(null);
    },
  });
  const copy = useMutation({
    mutationFn: (dashboard: Dashboard) =>
      createDashboard({ ...dashboard, title: `${dashboard.title} (copy)` }),
    onSuccess: forget,
  });
  const drop = useMutation({ mutationFn: () => dropDashboard(id), onSuccess: forget });
  return { loaded, shown: draft ?? loaded.data?.dashboard ?? null, draft, setDraft, save, copy, drop };
}
