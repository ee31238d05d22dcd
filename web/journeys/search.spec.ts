// Asking: the first answer, a bad query, brushing and drilling down, live tail, export, what was typed is never lost.

import { readFileSync } from 'node:fs';
import { expect, open, password, ran, search, signIn, table, test, type, url } from './app';
import { nothingSerious } from './axe';

test('from the first start to the first answer', async ({ page }) => {
  await open(page, '/');
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill('not it');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel('Password', { exact: true }).fill(password());
  await page.getByRole('button', { name: 'Sign in' }).click();
  // The newcomer's question is answered before anything is clicked.
  const failed = page.getByRole('region', { name: /^failed logins/ });
  await expect(failed.getByRole('link').first()).toContainText(/\d failures$/);
  await page.getByRole('button', { name: /Who failed to log in most, and from where/ }).click();
  await expect(table(page).getByRole('row').nth(1)).toContainText(/acme|globex|initech/);
  await expect(table(page).getByRole('columnheader', { name: /Failures/ })).toBeVisible();
  await expect(table(page).getByRole('columnheader', { name: /From/ })).toBeVisible();
});

test('a bad query says what is wrong, and the last good result stays', async ({ signedIn: page }) => {
  await search(page, 'range Number from 1 to 3 step 1');
  await expect(table(page).getByRole('row')).toHaveCount(4);
  await type(page, 'range Number from 1 to 3 step 1 | where Typo == 1');
  await expect(page.locator('.cm-lintRange-error')).toContainText('Typo');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('alert')).toContainText('Typo');
  await expect(page.getByText('from the last query that worked')).toBeVisible();
  await expect(table(page).getByRole('row')).toHaveCount(4);
  await nothingSerious(page);
});

test('the editor completes, formats and runs a part', async ({ signedIn: page }) => {
  await open(page, '/search');
  await type(page, 'Auth0');
  await page.keyboard.press('Control+Space');
  await expect(page.getByRole('listbox').getByText('Auth0Logs_CL', { exact: true })).toBeVisible();
  await nothingSerious(page);
  await page.keyboard.press('Escape');
  await type(page, 'Auth0Logs_CL | where _Tenant == "');
  await expect(page.getByRole('listbox').getByText('acme', { exact: true })).toBeVisible();
  await page.keyboard.press('Escape');
  await type(page, 'print A = 1|extend B = 2');
  await page.getByRole('button', { name: /^format \(/ }).click();
  await expect(page.getByTestId('editor')).toContainText('| extend B = 2');
  await type(page, 'print Part = 42');
  await page.keyboard.press('Control+Enter');
  await expect(table(page)).toContainText('42');
});

test('brush the bars, then drill down by clicking values', async ({ signedIn: page }) => {
  await search(
    page,
    'Auth0Logs_CL\n| project TimeGenerated, EventCategory, EventOutcome, ActorUsername, SrcIpAddr',
    '&t=P30D',
  );
  const bars = page.getByTestId('histogram');
  await expect(bars).toBeVisible();
  const box = await bars.boundingBox();
  if (box === null) throw new Error('the bars have no place');
  await page.mouse.move(box.x + box.width * 0.3, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 20, { steps: 5 });
  await ran(page, () => page.mouse.up());
  await expect(page).toHaveURL(/t=\d{4}-/);
  const cell = table(page).locator('[data-row="0"] [data-at="1"]');
  const category = await cell.textContent();
  await cell.click();
  await ran(page, () => page.getByRole('menuitem', { name: 'Only events with this value' }).click());
  await expect(page.getByTestId('editor')).toContainText(`where EventCategory == "${category}"`);
  const shown = await table(page).locator('[data-at="1"]').allTextContents();
  expect(new Set(shown)).toEqual(new Set([category]));
  await page.goBack();
  await expect(page.getByTestId('editor')).not.toContainText('where EventCategory');
});

test('sort, filter, group, hide, pin, and open a row to its tree', async ({ signedIn: page }) => {
  await search(page, 'Auth0Logs_CL\n| project TimeGenerated, EventCategory, LogId, Details', '&t=P30D');
  await table(page)
    .getByRole('button', { name: /^EventCategory/ })
    .click();
  await expect(table(page).getByRole('columnheader', { name: /EventCategory/ })).toHaveAttribute(
    'aria-sort',
    'ascending',
  );
  await page.getByRole('button', { name: 'column EventCategory' }).click();
  await page.getByLabel('filter EventCategory').fill('failed');
  await expect(page.getByText(/EventCategory contains “failed”/)).toBeVisible();
  await page.getByRole('button', { name: 'Group by it' }).click();
  await expect(page.getByText('Grouped by EventCategory')).toBeVisible();
  await table(page)
    .getByRole('button', { name: /failed login/ })
    .click();
  await page.getByRole('button', { name: 'column LogId' }).click();
  await page.getByRole('button', { name: 'Hide', exact: true }).click();
  await expect(page.getByText('LogId is hidden')).toBeVisible();
  await page.getByRole('button', { name: 'column TimeGenerated' }).click();
  await page.getByRole('button', { name: 'Pin to the left' }).click();
  await expect(page).toHaveURL(/pin=TimeGenerated/);
  await table(page).getByRole('button', { name: 'open row 2', exact: true }).click();
  await expect(table(page).getByText('Details', { exact: true }).last()).toBeVisible();
  await nothingSerious(page);
});

test('the editor offers names, Tab takes them, and a name tells what it is', async ({ signedIn: page }) => {
  await open(page, '/search');
  const editor = page.getByTestId('editor').locator('.cm-content');
  await editor.click();
  await page.keyboard.type('Auth0Lo');
  await expect(page.locator('.cm-tooltip-autocomplete [aria-selected=true]')).toContainText('Auth0Logs_CL');
  // CodeMirror takes no key for a list that has only just opened.
  await expect(async () => {
    await page.keyboard.press('Tab');
    await expect(editor).toHaveText('Auth0Logs_CL', { timeout: 200 });
  }).toPass();
  await page.keyboard.type(' | summarize dcount(LogId)');
  await page.keyboard.press('Escape');
  // The name has its colour once the server has told what it is.
  await editor.locator('span', { hasText: /^dcount$/ }).hover();
  await expect(page.locator('.cm-tooltip-hover')).toContainText('dcount(value, [accuracy])');
  await expect(page.locator('.cm-tooltip-hover')).not.toContainText('```');
});

test('words and Lucene become KQL', async ({ signedIn: page }) => {
  await open(page, '/search');
  await page.getByLabel('search in words or Lucene').fill('type:fp');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('editor')).toContainText(/fp/);
  await expect(page.getByText('Lucene → KQL')).toBeVisible();
});

test('live tail shows what happens', async ({ signedIn: page }) => {
  const tailed = page.waitForResponse((response) => response.url().endsWith('/api/v1/tail'));
  await search(page, 'Auth0Logs_CL', '&live=1');
  expect((await tailed).status()).toBe(200);
  await expect(page.getByText('live', { exact: true })).toBeVisible();
  await expect(table(page).getByRole('row').nth(2)).toBeVisible({ timeout: 45_000 });
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Run' })).toBeVisible();
});

test('twenty thousand rows are exported', async ({ signedIn: page }) => {
  await search(page, 'range Number from 1 to 20000 step 1 | extend Text = strcat("row ", Number)');
  await expect(page.getByRole('status').filter({ hasText: /^10,000 rows/ })).toBeVisible();
  for (const [name, lines] of [
    ['CSV', 20_001],
    ['JSON, an object a line', 20_000],
  ] as const) {
    await page.getByRole('button', { name: 'export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name }).click(),
    ]);
    const text = readFileSync(await download.path(), 'utf8');
    expect(text.trimEnd().split('\n').length).toBe(lines);
    expect(text).toContain('row 20000');
  }
  await page.getByRole('button', { name: 'export' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Parquet' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/\.parquet$/);
  const file = readFileSync(await download.path());
  // A whole file begins and ends with its sign; one that broke off has no footer.
  expect(file.subarray(0, 4).toString()).toBe('PAR1');
  expect(file.subarray(-4).toString()).toBe('PAR1');
  expect(file.length).toBeGreaterThan(20_000);
});

test('an ended session is mended in place; nothing typed is lost', async ({ page }) => {
  await signIn(page);
  await search(page, 'print Before = 1');
  await expect(table(page)).toContainText('1');
  await type(page, 'print After = "still here"');
  await page.context().clearCookies();
  await page.keyboard.press('Control+Enter');
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
  await dialog.getByLabel('Password', { exact: true }).fill(password());
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(table(page)).toContainText('still here');
  await expect(page.getByTestId('editor')).toContainText('print After');
});

test('a lost connection is said and tried again', async ({ signedIn: page }) => {
  await search(page, 'print Before = 1');
  await expect(table(page)).toContainText('1');
  await page.route('**/*', (route) => route.abort());
  await type(page, 'print After = 2');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByText('The server cannot be reached. Trying again')).toBeVisible();
  await expect(page.getByTestId('editor')).toContainText('print After');
  await page.unroute('**/*');
  await expect(page.getByText('The server cannot be reached. Trying again')).toHaveCount(0);
  // Without another click.
  await expect(table(page)).toContainText('2');
  expect(url()).not.toBe('');
});

test('a query is cancelled', async ({ signedIn: page }) => {
  await open(page, '/search');
  await type(
    page,
    'range A from 1 to 3000000 step 1 | extend B = hash_sha256(tostring(A)) | summarize dcount(B) by C = A % 1000003 | count',
  );
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('cancelled', { exact: false }).first()).toBeVisible();
});

test('a link is copied where the browser keeps its clipboard for secure origins', async ({
  signedIn: page,
}) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await search(page, 'print Copied = 1');
  await page.getByRole('button', { name: 'copy a link to this' }).click();
  await expect(page.getByText('The link is copied')).toBeVisible();
  const box = page.getByLabel('search in words or Lucene');
  await box.click();
  await page.keyboard.press('Control+V');
  await expect(box).toHaveValue(page.url());
});
