// A query whose connection was lost is asked once more as soon as the server answers; if that is lost too, the person is
// asked, for it may be the query that the server does not survive.
// Deliberately absent: finding out that the server is away (`api/connection`).

import { useEffect, useRef, useSyncExternalStore } from 'react';
import { connection } from '../api/connection';
import { type Search, useSnapshot } from './useSearch';

export function useRetry({ state, go, runText }: Search): void {
  const away = useSyncExternalStore(connection.subscribe, connection.isAway);
  const retried = useRef(false);
  const { phase, problem, query } = useSnapshot();
  const lost = phase === 'failed' && problem?.code === 'connection_lost';
  useEffect(() => {
    if (phase === 'done') retried.current = false;
    if (!lost || away || retried.current) return;
    retried.current = true;
    // A part that was marked is no part of the address.
    if (state.live || query === state.query) go({}, true);
    else runText(query);
  }, [lost, away, phase, query, state, go, runText]);
}
