// The choice of a role.
// Deliberately absent: what each role may do; the server's table of routes says it.

import { Select } from '@mantine/core';
import type { Role } from '../api/types.gen';

const ROLES: Role[] = ['viewer', 'analyst', 'administrator'];

interface Props {
  value: Role;
  onChange: (role: Role) => void;
  /** Written above it; without one, `name` is read out. */
  label?: string;
  name?: string;
}

export function RoleSelect({ value, onChange, label, name }: Props) {
  return (
    <Select
      data={ROLES}
      value={value}
      onChange={(role) => onChange(role as Role)}
      allowDeselect={false}
      {...(label === undefined ? { w: 150, 'aria-label': name } : { label })}
    />
  );
}
