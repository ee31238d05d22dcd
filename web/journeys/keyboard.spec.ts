// The dialogs and menus that a page offers at once, with the keyboard alone, in both themes: each opens, takes the focus, has
// no serious finding of axe, closes with Escape, and the focus is back where it was.
// Deliberately absent: what they do, and those of single rows, tiles and tenants; they are made of the same component.

import type { Locator, Page } from '@playwright/test';
import { expect, open, search, table, test } from './app';
import { nothingSerious } from './axe';

type Found = (page: Page) => Locator;

interface Opened {
  by: Found;
  shows: 'dialog' | 'menu';
  /** An entry of the menu that `by` opens first. */
  entry?: Found;
}

const button = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name, exact: true });

const dialog = (name: string | RegExp): Opened => ({ by: button(name), shows: 'dialog' });
const menu = (name: string): Opened => ({ by: button(name), shows: 'menu' });

const PAGES: { name: string; at: (page: Page) => Promise<void>; opens: Opened[] }[] = [
  {
    name: 'search',
    at: async (page) => {
      await search(page, 'Identity | take 5 | project TimeGenerated, User');
      await expect(table(page).getByRole('row').nth(1)).toBeVisible();
    },
    opens: [
      dialog(/^time:/),
      dialog('save'),
      dialog('pin to a dashboard'),
      dialog('saved and past queries'),
      dialog('column User'),
      menu('export'),
    ],
  },
  {
    name: 'status',
    at: (page) => open(page, '/status'),
    opens: [
      menu('signed in as admin'),
      {
        by: button('signed in as admin'),
        entry: (page) => page.getByRole('menuitem', { name: /password/ }),
        shows: 'dialog',
      },
      dialog('commands'),
    ],
  },
  {
    name: 'dashboards',
    at: (page) => open(page, '/dashboards'),
    opens: [dialog('New dashboard'), dialog('Import')],
  },
  {
    name: 'a dashboard',
    at: (page) => open(page, '/dashboards/identity-overview'),
    opens: [menu('more'), menu('menu of Who fails most')],
  },
  {
    name: 'applications',
    at: (page) => open(page, '/applications'),
    opens: [dialog('Add an application'), dialog('Destination')],
  },
  { name: 'people', at: (page) => open(page, '/access'), opens: [dialog('Person')] },
  {
    name: 'tokens',
    at: async (page) => {
      await open(page, '/access');
      await page.getByRole('tab', { name: 'Tokens' }).press('Enter');
    },
    opens: [dialog('Token')],
  },
];

async function throughIt(page: Page, { by, entry, shows }: Opened): Promise<void> {
  await by(page).press('Enter');
  await entry?.(page).press('Enter');
  const opened = page.getByRole(shows);
  await expect(opened).toBeVisible();
  await expect.poll(() => opened.evaluate((node) => node.contains(document.activeElement))).toBe(true);
  await nothingSerious(page);
  await page.keyboard.press('Escape');
  await expect(opened).toHaveCount(0);
  await expect(by(page)).toBeFocused();
}

for (const theme of ['light', 'dark'] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });
    for (const { name, at, opens } of PAGES) {
      test(`dialogs and menus of ${name} in ${theme}, by keyboard`, async ({ signedIn: page }) => {
        await at(page);
        for (const one of opens) await throughIt(page, one);
      });
    }
  });
}
