// Who is signed in, for every component below the gate, and what that role may do.
// Deliberately absent: signing in (`SessionGate`); the server decides, the page only leaves out what would be refused.

import { createContext, useContext } from 'react';
import type { Role } from '../api/types.gen';

export interface Me {
  name: string;
  role: Role;
  version: string;
  signOut: () => Promise<void>;
}

export const MeContext = createContext<Me | null>(null);

export function useMe(): Me {
  const me = useContext(MeContext);
  if (me === null) throw new Error('only pages behind the sign-in know who is there');
  return me;
}

const RANK: Record<Role, number> = { viewer: 0, analyst: 1, administrator: 2 };

/** Whether a role is at least another. */
export function atLeast(role: Role, least: Role): boolean {
  return RANK[role] >= RANK[least];
}

export function useMay(least: Role): boolean {
  return atLeast(useMe().role, least);
}
