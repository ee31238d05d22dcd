// Dashboards, people, status, and who may do what.

import { expect, open, search, signIn, table, test, url } from './app';
import { nothingSerious } from './axe';

test('build a dashboard from a query and share it', async ({ signedIn: page, browser }) => {
  await search(page, 'Logins\n| summarize Events = count() by Outcome\n| render columnchart', '&t=P30D');
  await expect(page.getByTestId('chart')).toBeVisible();
  await page.getByRole('button', { name: 'pin to a dashboard' }).click();
  await page.getByLabel('Title of the tile').fill('How logins end');
  await page.getByLabel('Its title').fill('Shared board');
  await page.getByRole('button', { name: 'Pin', exact: true }).click();
  await page.getByRole('link', { name: 'Open the dashboard' }).click();
  await expect(page.getByRole('heading', { name: 'Shared board' })).toBeVisible();
  await page.getByRole('button', { name: 'Edit' }).click();
  const handle = page.getByRole('button', { name: /How logins end: arrow keys move it/ });
  await nothingSerious(page);
  const tile = page.getByRole('region', { name: 'How logins end' });
  const before = await tile.boundingBox();
  await handle.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(async () => ((await tile.boundingBox())?.x ?? 0) > (before?.x ?? 0)).toBe(true);
  await expect.poll(async () => ((await tile.boundingBox())?.width ?? 0) > (before?.width ?? 0)).toBe(true);
  const grip = await handle.boundingBox();
  if (grip === null) throw new Error('the handle has no place');
  await page.mouse.move(grip.x + 40, grip.y + 8);
  await page.mouse.down();
  await page.mouse.move(grip.x + 340, grip.y + 8, { steps: 6 });
  await page.mouse.up();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('button', { name: 'Edit' })).toBeVisible();
  const moved = await tile.boundingBox();
  expect(moved?.x ?? 0).toBeGreaterThan((before?.x ?? 0) + 200);
  const address = page.url();
  const other = await browser.newPage();
  await signIn(other);
  await other.goto(address);
  await expect(other.getByRole('region', { name: 'How logins end' }).getByTestId('chart')).toBeVisible();
  await other.close();
});

test('a shipped dashboard answers, narrows by tenant and opens in Search', async ({ signedIn: page }) => {
  await open(page, '/dashboards');
  await page.getByRole('link', { name: /Identity overview/ }).click();
  const people = page.getByRole('region', { name: 'People' });
  await expect(people).toContainText(/\d/);
  await page.getByRole('combobox', { name: 'Tenant' }).click();
  await page.getByRole('option', { name: 'globex' }).click();
  await expect(page).toHaveURL(/p\.tenant=globex/);
  await expect(page.getByRole('region', { name: 'Who fails most' })).toContainText('globex');
  await page.getByRole('button', { name: 'menu of Who fails most' }).click();
  await page.getByRole('menuitem', { name: 'Open in Search' }).click();
  await expect(page.getByTestId('editor')).toContainText('Tenant == "globex"');
  await expect(table(page).getByRole('row').nth(1)).toContainText('globex');
});

test('every tile of every shipped dashboard answers', async ({ signedIn: page }) => {
  // Some fifty queries, of an engine that was not built to be quick.
  test.setTimeout(240_000);
  for (const id of [
    'identity-overview',
    'logins-and-failures',
    'administration',
    'mfa',
    'collection-health',
    'auth0-overview',
    'onelogin-overview',
  ]) {
    await open(page, `/dashboards/${id}`);
    await expect(page.locator('section[data-kind]').first()).toBeVisible();
    await expect(page.locator('section[data-kind] .mantine-Loader-root')).toHaveCount(0, { timeout: 60_000 });
    await expect(page.getByRole('alert'), id).toHaveCount(0);
  }
});

test("a person's timeline, from a name to an address and to KQL", async ({ signedIn: page }) => {
  await open(page, '/person');
  await page
    .getByRole('link', { name: /@acme\.example/ })
    .first()
    .click();
  await expect(page.getByRole('region', { name: 'Accounts' })).toContainText('auth0/acme');
  await expect(page.getByRole('region', { name: 'What happened' })).toContainText(
    /Failed to log in|Logged in/,
  );
  await page
    .getByRole('region', { name: 'Addresses' })
    .getByRole('link')
    .filter({ hasText: /\d+\.\d+|:/ })
    .first()
    .click();
  await expect(page.getByRole('region', { name: 'Seen at this address' })).toContainText('@acme.example');
  await page.getByRole('region', { name: 'What happened' }).getByRole('link', { name: 'as KQL' }).click();
  await expect(page.getByTestId('editor')).toContainText('where Ip ==');
  await expect(table(page).getByRole('row').nth(1)).toBeVisible();
});

test('a viewer cannot change anything', async ({ page, browser }) => {
  const csrf = await signIn(page);
  const name = `viewer-${Date.now()}`;
  const made = await page.request.post(`${url()}/api/v1/users`, {
    headers: { 'X-Doorledger-Csrf': csrf },
    data: { name, role: 'viewer', password: 'only looking around' },
  });
  expect(made.ok(), await made.text()).toBe(true);
  const viewer = await browser.newPage();
  const own = await signIn(viewer, name, 'only looking around');
  await viewer.goto(`${url()}/search?q=${encodeURIComponent('print Seen = 1')}`);
  await expect(table(viewer)).toContainText('1');
  await expect(viewer.getByRole('button', { name: 'save', exact: true })).toBeDisabled();
  await expect(viewer.getByRole('button', { name: 'pin to a dashboard' })).toBeDisabled();
  await expect(viewer.getByRole('link', { name: 'Access' })).toHaveCount(0);
  await viewer.goto(`${url()}/dashboards`);
  await expect(viewer.getByRole('heading', { name: 'Dashboards' })).toBeVisible();
  await expect(viewer.getByRole('button', { name: 'New dashboard' })).toHaveCount(0);
  const headers = { 'X-Doorledger-Csrf': own };
  for (const [method, path] of [
    ['POST', '/api/v1/dashboards'],
    ['POST', '/api/v1/queries'],
    ['POST', '/api/v1/users'],
    ['GET', '/api/v1/users'],
    ['GET', '/api/v1/audit'],
    ['POST', '/api/v1/dead-letters/discard'],
    ['POST', '/api/v1/dead-letters/replay'],
    ['POST', '/api/v1/backfill'],
  ] as const) {
    const answer = await viewer.request.fetch(`${url()}${path}`, {
      method,
      headers,
      ...(method === 'POST' ? { data: {} } : {}),
    });
    expect(answer.status(), `${method} ${path}`).toBe(403);
  }
  await viewer.close();
});

test('nothing is removed without a second word', async ({ page }) => {
  const csrf = await signIn(page);
  const name = `leaver-${Date.now()}`;
  const made = await page.request.post(`${url()}/api/v1/users`, {
    headers: { 'X-Doorledger-Csrf': csrf },
    data: { name, role: 'viewer', password: 'about to leave us' },
  });
  expect(made.ok(), await made.text()).toBe(true);
  await open(page, '/access');
  const remove = page.getByRole('button', { name: `remove ${name}`, exact: true });
  const dialog = page.getByRole('dialog', { name: `Remove ${name}?` });
  await remove.click();
  await dialog.getByRole('button', { name: 'Keep' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(remove).toBeVisible();
  await remove.click();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(remove).toHaveCount(0);
});

test('a change without the token of the page is refused', async ({ page }) => {
  await signIn(page);
  const answer = await page.request.post(`${url()}/api/v1/queries`, {
    data: { name: 'x', text: 'print 1', timespan: null, shared: false },
  });
  expect(answer.status()).toBe(403);
});

test('status and applications tell of every source', async ({ signedIn: page }) => {
  await open(page, '/status');
  await expect(page.getByRole('table', { name: 'sources' })).toContainText('initech');
  await expect(page.getByRole('table', { name: 'tables of the lake' })).toContainText('Auth0Logs_CL');
  await open(page, '/applications');
  await expect(page.getByRole('region', { name: 'acme' })).toContainText('stream');
  await expect(page.getByRole('table', { name: 'destinations' })).toContainText('sentinel');
});

test('the keyboard reaches pages, commands and help', async ({ signedIn: page }) => {
  await open(page, '/status');
  await expect(page.getByRole('table', { name: 'sources' })).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await expect(page.getByRole('heading', { name: 'Dashboards' })).toBeVisible();
  await page.keyboard.press('Control+K');
  await page.getByLabel('find a command').fill('Multi-factor');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Multi-factor' })).toBeVisible();
  await page.keyboard.press('Tab');
});
