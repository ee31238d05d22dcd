// Nothing is shown before somebody signed in; when a session ends, the sign-in lies over the page, which stays as it is.
// Deliberately absent: the form itself (`SignIn`), roles (`session`).

import { Center, Loader } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { json, onSignedOut, setCsrf } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import type { Session } from '../api/types.gen';
import { Dialog } from '../widgets/Dialog';
import { ProblemView } from '../widgets/ProblemView';
import { SignIn } from './SignIn';
import { type Me, MeContext } from './session';

export function SessionGate({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [expired, setExpired] = useState(false);
  const waiting = useRef<(() => void)[]>([]);
  const queries = useQueryClient();

  const load = useCallback(() => {
    setProblem(null);
    json<Session>('/api/v1/session').then(
      (found) => {
        setCsrf(found.csrf);
        setSession(found);
      },
      (error: unknown) => setProblem(asProblem(error)),
    );
  }, []);
  useEffect(load, [load]);

  useEffect(() => {
    onSignedOut(() => {
      setExpired(true);
      return new Promise((resolve) => waiting.current.push(resolve));
    });
    return () => onSignedOut(null);
  }, []);

  const signedIn = useCallback((found: Session) => {
    setCsrf(found.csrf);
    setSession((before) => ({ ...before, ...found }));
    setExpired(false);
    for (const go of waiting.current.splice(0)) go();
  }, []);

  const user = session?.user ?? null;
  const me = useMemo<Me | null>(
    () =>
      user === null
        ? null
        : {
            ...user,
            version: session?.version ?? '',
            signOut: async () => {
              await json('/api/v1/session', { method: 'DELETE' });
              setCsrf(null);
              queries.clear();
              setSession((before) => before && { ...before, user: null, csrf: null, expires: null });
            },
          },
    [user, session?.version, queries],
  );

  if (problem !== null) {
    return (
      <Center h="100%" p="xl">
        <ProblemView problem={problem} again={load} />
      </Center>
    );
  }
  if (session === null) {
    return (
      <Center h="100%" role="status" aria-label="loading">
        <Loader size="sm" />
      </Center>
    );
  }
  if (me === null) return <SignIn done={signedIn} />;
  return (
    <MeContext.Provider value={me}>
      {children}
      <Dialog
        opened={expired}
        onClose={() => undefined}
        withCloseButton={false}
        closeOnEscape={false}
        title="Your session has ended"
        size="sm"
        zIndex={1000}
      >
        <SignIn done={signedIn} name={me.name} inPlace />
      </Dialog>
    </MeContext.Provider>
  );
}
