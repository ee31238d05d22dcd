// Ctrl+K: pages, saved queries, dashboards and a few commands, found by typing.
// Deliberately absent: the menu (`Shell`).

import { useMantineColorScheme } from '@mantine/core';
import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { IconLayoutDashboard, IconSearch, IconStar } from '@tabler/icons-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useDashboards, useSavedQueries } from '../api/saved';
import { searchUrl } from '../search/url';
import { PAGES } from './pages';
import { atLeast, useMe } from './session';

export function CommandPalette({ help }: { help: () => void }) {
  const navigate = useNavigate();
  const me = useMe();
  const [typed, setTyped] = useState('');
  const { toggleColorScheme } = useMantineColorScheme();
  const saved = useSavedQueries();
  const dashboards = useDashboards();

  const pages: SpotlightActionData[] = PAGES.filter((page) => atLeast(me.role, page.least)).map((page) => ({
    id: page.path,
    label: page.label,
    description: `g ${page.key}`,
    leftSection: <page.icon size={18} stroke={1.6} />,
    onClick: () => void navigate(page.path),
  }));
  const queries: SpotlightActionData[] = (saved.data ?? []).map((query) => ({
    id: `query ${query.id}`,
    label: query.name,
    description: query.text.slice(0, 120),
    leftSection: <IconStar size={18} stroke={1.6} />,
    onClick: () => void navigate(searchUrl({ query: query.text, time: query.timespan })),
  }));
  const boards: SpotlightActionData[] = (dashboards.data ?? []).map((board) => ({
    id: `board ${board.id}`,
    label: board.title,
    description: board.about ?? '',
    leftSection: <IconLayoutDashboard size={18} stroke={1.6} />,
    onClick: () => void navigate(`/dashboards/${board.id}`),
  }));
  const commands: SpotlightActionData[] = [
    { id: 'theme', label: 'Switch between light and dark', onClick: () => toggleColorScheme() },
    { id: 'keys', label: 'Keyboard shortcuts', onClick: help },
    { id: 'out', label: 'Sign out', onClick: () => void me.signOut() },
  ];
  const person: SpotlightActionData[] =
    typed.trim() === ''
      ? []
      : [
          {
            id: 'person',
            label: `Who is “${typed.trim()}”?`,
            description: 'person page',
            leftSection: <IconSearch size={18} stroke={1.6} />,
            keywords: [typed],
            onClick: () => void navigate(`/person?id=${encodeURIComponent(typed.trim())}`),
          },
        ];

  return (
    <Spotlight
      query={typed}
      onQueryChange={setTyped}
      shortcut={['mod + K']}
      scrollable
      highlightQuery
      nothingFound="Nothing of that name"
      limit={12}
      attributes={{ content: { 'aria-label': 'commands' } }}
      scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
      searchProps={{ placeholder: 'Page, saved query, dashboard, person…', 'aria-label': 'find a command' }}
      actions={[
        { group: 'Pages', actions: pages },
        { group: 'Saved queries', actions: queries },
        { group: 'Dashboards', actions: boards },
        { group: 'People', actions: person },
        { group: 'Commands', actions: commands },
      ].filter((group) => group.actions.length > 0)}
    />
  );
}
