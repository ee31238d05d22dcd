// Every view in both themes: no serious finding of axe, and a picture. With UPDATE=1 the pictures go into the manual.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { expect, open, table, test, url } from './app';
import { nothingSerious } from './axe';

const text = (words: string) => (page: Page) => page.getByText(words).first();

/** `ready` is what the view shows when its answers are there, not what it shows while it asks. */
const VIEWS: { name: string; path: string; ready: (page: Page) => Locator }[] = [
  { name: 'start', path: '/search', ready: text('What do you want to know?') },
  {
    name: 'search',
    path: `/search?q=${encodeURIComponent('Logins\n| where Outcome == "failure"\n| summarize Failures = count(), Addresses = dcount(Ip), From = make_set(Ip, 5), Last = max(TimeGenerated) by User, Tenant\n| top 50 by Failures')}&t=P7D`,
    ready: (page) => table(page).getByText('@acme.example').first(),
  },
  {
    name: 'chart',
    path: `/search?q=${encodeURIComponent('Identity\n| summarize Events = count() by bin(TimeGenerated, 12h), Kind\n| render areachart')}&t=P30D`,
    ready: (page) => page.getByTestId('answer').getByRole('img').locator('canvas').first(),
  },
  { name: 'dashboards', path: '/dashboards', ready: text('Come with doorledger') },
  { name: 'dashboard', path: '/dashboards/identity-overview?t=P30D', ready: text('Who fails most') },
  { name: 'person', path: '/person', ready: text('Most failed logins') },
  { name: 'applications', path: '/applications', ready: text('sentinel') },
  { name: 'status', path: '/status', ready: text('events in the lake') },
  { name: 'access', path: '/access', ready: text('administrator') },
];

for (const theme of ['light', 'dark'] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });
    for (const view of VIEWS) {
      test(`${view.name} in ${theme}`, async ({ signedIn: page }) => {
        await open(page, view.path);
        await expect(view.ready(page)).toBeVisible();
        await expect(page.locator('.mantine-Loader-root')).toHaveCount(0, { timeout: 60_000 });
        await expect(page.locator('[aria-busy="true"]')).toHaveCount(0, { timeout: 60_000 });
        await looks(page, `${view.name}-${theme}`);
      });
    }

    test(`somebody in ${theme}`, async ({ signedIn: page }) => {
      await open(page, '/person');
      await page
        .getByRole('link', { name: /@acme\.example/ })
        .first()
        .click();
      await expect(page.getByRole('region', { name: 'Countries' })).toBeVisible();
      await expect(page.locator('.mantine-Loader-root')).toHaveCount(0, { timeout: 60_000 });
      await looks(page, `somebody-${theme}`);
    });

    test(`sign-in in ${theme}`, async ({ page }) => {
      await page.goto(url());
      await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
      await looks(page, `sign-in-${theme}`);
    });
  });
}

async function looks(page: Page, name: string) {
  const folder =
    process.env.UPDATE === '1'
      ? join(import.meta.dirname, '..', '..', 'docs', 'app')
      : join(import.meta.dirname, '..', 'test-results', 'views');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
  await nothingSerious(page);
}
