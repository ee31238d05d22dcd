// Says that the server cannot be reached, and asks for everything again once it can.
// Deliberately absent: finding that out (`api/connection`).

import { Loader } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { connection } from '../api/connection';
import classes from './ConnectionBanner.module.css';

export function ConnectionBanner() {
  const away = useSyncExternalStore(connection.subscribe, connection.isAway);
  const queries = useQueryClient();
  const wasAway = useRef(false);
  useEffect(() => {
    if (!away && wasAway.current) void queries.invalidateQueries();
    wasAway.current = away;
  }, [away, queries]);
  if (!away) return null;
  return (
    <div className={classes.banner} role="alert">
      <Loader size={14} color="currentColor" />
      The server cannot be reached. Trying again; nothing you typed is lost.
    </div>
  );
}
