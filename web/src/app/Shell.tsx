// The frame around every page: menu, person, theme, banner, command palette, keyboard.
// Deliberately absent: what stands in the page.

import {
  ActionIcon,
  Center,
  Loader,
  Menu,
  Tooltip,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import {
  IconCommand,
  IconKey,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSun,
  IconUserCircle,
} from '@tabler/icons-react';
import { Suspense } from 'react';
import { NavLink, Outlet, useLocation } from 'react-router';
import { CommandPalette } from './CommandPalette';
import { ConnectionBanner } from './ConnectionBanner';
import icon from './icon.svg';
import { PasswordDialog } from './PasswordDialog';
import { PAGES } from './pages';
import classes from './Shell.module.css';
import { ShortcutsDialog } from './ShortcutsDialog';
import { atLeast, useMe } from './session';
import { usePageKeys } from './usePageKeys';

export function Shell() {
  const me = useMe();
  const [help, { open: openHelp, close: closeHelp }] = useDisclosure();
  const [password, { open: openPassword, close: closePassword }] = useDisclosure();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const shown = document.documentElement.getAttribute('data-mantine-color-scheme') ?? colorScheme;
  const { pathname } = useLocation();
  usePageKeys(openHelp);
  const full = new URLSearchParams(useLocation().search).has('full');

  return (
    <div className={classes.shell} data-full={full || undefined}>
      <a href="#page" className={classes.skip}>
        Skip to the page
      </a>
      <nav className={classes.rail} aria-label="pages">
        <NavLink to="/search" className={classes.brand ?? ''} aria-label="doorledger">
          <img src={icon} alt="" width={26} height={26} />
        </NavLink>
        {PAGES.filter((page) => atLeast(me.role, page.least)).map((page) => (
          <NavLink key={page.path} to={page.path} className={classes.item ?? ''}>
            <page.icon size={19} stroke={1.6} />
            <span>{page.label}</span>
          </NavLink>
        ))}
        <div className={classes.grow} />
        <Tooltip label="Commands (Ctrl+K)" position="right">
          <ActionIcon onClick={spotlight.open} aria-label="commands">
            <IconCommand size={18} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={shown === 'dark' ? 'Light theme' : 'Dark theme'} position="right">
          <ActionIcon
            onClick={() => setColorScheme(shown === 'dark' ? 'light' : 'dark')}
            aria-label={shown === 'dark' ? 'light theme' : 'dark theme'}
          >
            {shown === 'dark' ? <IconSun size={18} stroke={1.6} /> : <IconMoon size={18} stroke={1.6} />}
          </ActionIcon>
        </Tooltip>
        <Menu position="right-end" width={210}>
          <Menu.Target>
            <UnstyledButton className={classes.person} aria-label={`signed in as ${me.name}`}>
              {me.name.slice(0, 2).toUpperCase()}
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>
              <IconUserCircle size={13} style={{ verticalAlign: -2 }} /> {me.name}, {me.role}
            </Menu.Label>
            <Menu.Item leftSection={<IconKey size={15} />} onClick={openPassword}>
              Change password
            </Menu.Item>
            <Menu.Item leftSection={<IconKeyboard size={15} />} onClick={openHelp}>
              Keyboard shortcuts
            </Menu.Item>
            <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void me.signOut()}>
              Sign out
            </Menu.Item>
            <Menu.Divider />
            <Menu.Label>doorledger {me.version}</Menu.Label>
          </Menu.Dropdown>
        </Menu>
      </nav>
      <main id="page" className={classes.page} tabIndex={-1} key={pathname.split('/')[1]}>
        <ConnectionBanner />
        {/* Reached by Tab, so that the arrow keys scroll a page that holds nothing to press. */}
        <div className={classes.content} tabIndex={0}>
          <Suspense
            fallback={
              <Center h="100%" role="status" aria-label="loading">
                <Loader size="sm" />
              </Center>
            }
          >
            <Outlet />
          </Suspense>
        </div>
      </main>
      <CommandPalette help={openHelp} />
      <ShortcutsDialog opened={help} close={closeHelp} />
      <PasswordDialog opened={password} close={closePassword} />
    </div>
  );
}
