// Applications through the page: a tenant is added, tested, paused and removed; a push source shows address and secret, and
// its first event arrives live; a destination is tested, mended at its field, paused and removed.
// Deliberately absent: the routes' own tests, which the server has.

import type { Page } from '@playwright/test';
import { expect, open, signIn, test, url } from './app';
import { nothingSerious } from './axe';

/** What the stand-in of Auth0 takes; it protects nothing. */
const SECRET = 'simulated-secret';

interface Tenants {
  tenants: { name: string; provider: string; sources: { name: string; config: Record<string, unknown> }[] }[];
}

/** Where the demo's stand-in of Auth0 listens, as the configuration says, and who we are there. */
async function standIn(page: Page): Promise<{ address: string; client: string }> {
  const told = (await (await page.request.get(`${url()}/api/v1/tenants`)).json()) as Tenants;
  const acme = told.tenants.find((one) => one.name === 'acme' && one.provider === 'auth0');
  const poll = acme?.sources.find((one) => one.name === 'poll')?.config ?? {};
  return { address: String(poll.base_url), client: String(poll.client_id) };
}

const panel = (page: Page, name: string) => page.getByRole('table', { name: `sources of ${name}` });

async function choose(page: Page, tenant: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `change ${tenant}` }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

async function remove(page: Page, tenant: string): Promise<void> {
  await choose(page, tenant, 'Remove');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
}

test('a tenant is added: what is wrong is said, then it is collected, paused, resumed and removed', async ({
  signedIn: page,
}) => {
  const { address, client } = await standIn(page);
  await open(page, '/applications');
  await page.getByRole('button', { name: 'Add an application' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name of the tenant').fill('journey');
  await dialog.getByText('Further settings').first().click();
  await dialog.getByLabel('Other address').fill(address);
  await dialog.getByLabel('Client id').fill(client);
  await dialog.getByRole('textbox', { name: 'Client secret' }).fill('surely-not-this-one');
  await dialog.getByRole('button', { name: 'Test' }).click();
  const found = dialog.getByRole('status', { name: 'what the test found' });
  await expect(found).toContainText('checks failed');
  await expect(found).toContainText('check client_id');
  await nothingSerious(page);
  await dialog.getByRole('textbox', { name: 'Client secret' }).fill(SECRET);
  await dialog.getByRole('button', { name: 'Test' }).click();
  await expect(found).toContainText('It works.');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);

  const sources = panel(page, 'journey');
  await expect(sources).toContainText('poll');
  // Events of the stand-in happen all the time; what comes from now on is collected.
  await expect(sources.getByRole('row').nth(1)).toContainText(/(now|s ago|min ago)/, { timeout: 60_000 });
  await choose(page, 'journey', 'Pause poll');
  await expect(sources).toContainText('paused');
  await choose(page, 'journey', 'Resume poll');
  await expect(sources).not.toContainText('paused');
  await remove(page, 'journey');
});

test('a push source shows address and secret once, and its first event arrives live', async ({
  signedIn: page,
}) => {
  await open(page, '/applications');
  await page.getByRole('button', { name: 'Add an application' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name of the tenant').fill('pushes');
  await dialog.getByRole('switch', { name: /its log \(poll\)/ }).uncheck();
  await dialog.getByRole('switch', { name: /push \(stream\)/ }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toContainText('Paste this at the provider');
  await expect(dialog).toContainText('Waiting for the first event');
  await nothingSerious(page);
  await expect(dialog).toContainText('set public_url in the configuration file');
  const [address, secret] = await dialog.locator('code').allTextContents();
  expect(address).toBe(`${url()}/ingest/auth0/pushes/stream`);
  const event = { log_id: '90020261122000000000000000000000000000000000000000000001', type: 's' };
  const sent = await fetch(String(address), {
    method: 'POST',
    headers: { Authorization: String(secret), 'Content-Type': 'application/json' },
    body: JSON.stringify([{ ...event, date: new Date().toISOString() }]),
  });
  expect(sent.status).toBe(200);
  await expect(dialog).toContainText('The first event has come.', { timeout: 60_000 });
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(panel(page, 'pushes')).toContainText(String(address));
  await remove(page, 'pushes');
});

interface Destinations {
  destinations: { name: string; config: Record<string, unknown> }[];
}

/** Where the demo's stand-in of Azure listens, and who we are there. */
async function azure(page: Page) {
  const told = (await (await page.request.get(`${url()}/api/v1/destinations`)).json()) as Destinations;
  const config = told.destinations.find((one) => one.name === 'sentinel')?.config ?? {};
  const identity = config.identity as { tenant_id: string; client_id: string };
  return {
    ...identity,
    endpoint: String(config.endpoint),
    authority: String(config.authority),
    rule: String(config.dcr_immutable_id),
  };
}

test('a destination is added: what is wrong stands at its field, then it is tested, paused and removed', async ({
  signedIn: page,
}) => {
  test.setTimeout(150_000);
  const { endpoint, authority, rule, tenant_id, client_id } = await azure(page);
  await open(page, '/applications');
  await page.getByRole('button', { name: 'Destination', exact: true }).click();
  const dialog = page.getByRole('dialog');
  const address = dialog.getByLabel('Logs ingestion address');
  const immutable = dialog.getByLabel('Immutable id of the data collection rule');
  const identity = dialog.getByRole('group', { name: 'Identity' }).first();
  const name = dialog.getByRole('textbox', { name: /^Name/ });
  await name.fill('journey');
  await address.fill('http://collect.example.com');
  await immutable.fill(rule);
  await identity.getByLabel('Directory (tenant) id').fill(tenant_id);
  await identity.getByLabel('Application (client) id').fill(client_id);
  await identity.getByRole('textbox', { name: 'Client secret' }).fill('surely-not-this-one');
  await dialog.getByText('Further settings').first().click();
  await dialog.getByLabel('Issuer of tokens').last().fill(authority);

  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(address).toBeFocused();
  await expect(address).toHaveAccessibleDescription(/must begin with https:/);
  await nothingSerious(page);
  await expect(dialog.getByRole('alert')).toHaveText(
    'One field has to be mended; what is wrong stands at it.',
  );
  await expect(identity.getByRole('textbox', { name: 'Client secret' })).toHaveValue('surely-not-this-one');
  await address.fill(endpoint);

  const found = dialog.getByRole('status', { name: 'what the test found' });
  await dialog.getByRole('button', { name: 'Test' }).click();
  await expect(found).toContainText('checks failed');
  await expect(dialog.getByRole('alert')).toHaveCount(0);
  await identity.getByRole('textbox', { name: 'Client secret' }).fill(SECRET);
  await immutable.fill('dcr-00000000000000000000000000000000');
  await dialog.getByRole('button', { name: 'Test' }).click();
  await expect(found).toContainText('check dcr_immutable_id');
  await immutable.fill(rule);
  await dialog.getByRole('button', { name: 'Test' }).click();
  await expect(found).toContainText('It works.');
  await expect(found).toContainText('the identity may send to the rule');

  // The configuration file has one of that name.
  await name.fill('sentinel');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(name).toBeFocused();
  await expect(name).toHaveAccessibleDescription(/stands in the configuration file/);
  await name.fill('journey');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);

  const row = page
    .getByRole('table', { name: 'destinations' })
    .getByRole('row')
    .filter({ has: page.getByText('journey', { exact: true }) });
  const waiting = row.getByRole('cell').nth(3);
  await page.getByRole('button', { name: 'test journey' }).click();
  await expect(page.getByRole('status', { name: 'what the test found' })).toContainText('It works.');
  await choose(page, 'journey', 'Pause');
  await expect(row).toContainText('paused');
  // Events go on happening, and wait for it.
  await expect(waiting).toHaveText(/^[1-9]/, { timeout: 60_000 });
  await choose(page, 'journey', 'Edit');
  await expect(address).toHaveValue(endpoint);
  await expect(identity.getByRole('textbox', { name: 'Client secret' })).toHaveValue('');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toHaveCount(0);
  await choose(page, 'journey', 'Resume');
  await expect(row).not.toContainText('paused');
  await expect(waiting).toHaveText('0', { timeout: 60_000 });

  await remove(page, 'journey');
  await expect(page.getByRole('button', { name: 'change journey' })).toHaveCount(0);
  // What happened in the last moment may wait for it still; that is given up.
  const csrf = await signIn(page);
  await page.request.post(`${url()}/api/v1/destinations/forget`, {
    data: { name: 'journey' },
    headers: { 'X-Doorledger-Csrf': csrf },
  });
  await expect(row).toHaveCount(0);
});
