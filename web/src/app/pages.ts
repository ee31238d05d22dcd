// The table of pages: path, menu label, the key that leads there, who may see it. Router, menu, palette and help read it.
// Deliberately absent: the pages themselves (`routes`).

import {
  IconActivityHeartbeat,
  IconLayoutDashboard,
  IconPlugConnected,
  IconSearch,
  IconShieldLock,
  IconUserSearch,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { Role } from '../api/types.gen';

export interface Page {
  path: string;
  label: string;
  /** The key after `g` that leads here. */
  key: string;
  icon: ComponentType<{ size?: number; stroke?: number }>;
  least: Role;
}

export const PAGES: Page[] = [
  { path: '/search', label: 'Search', key: 's', icon: IconSearch, least: 'viewer' },
  { path: '/dashboards', label: 'Dashboards', key: 'd', icon: IconLayoutDashboard, least: 'viewer' },
  { path: '/person', label: 'Person', key: 'p', icon: IconUserSearch, least: 'viewer' },
  { path: '/applications', label: 'Applications', key: 'a', icon: IconPlugConnected, least: 'viewer' },
  { path: '/status', label: 'Status', key: 't', icon: IconActivityHeartbeat, least: 'viewer' },
  { path: '/access', label: 'Access', key: 'u', icon: IconShieldLock, least: 'administrator' },
];
