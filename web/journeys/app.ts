// What every journey does: sign in, run a query, wait for its answer.
// Deliberately absent: checks; each journey makes its own.

import { test as base, expect, type Page } from '@playwright/test';

export const url = () => process.env.DOORLEDGER_URL ?? '';
export const password = () => process.env.DOORLEDGER_PASSWORD ?? '';

/** Signs the page's context in without the form; answers the token that changes need. */
export async function signIn(page: Page, name = 'admin', secret = password()): Promise<string> {
  const response = await page.request.post(`${url()}/api/v1/session`, { data: { name, password: secret } });
  expect(response.status(), await response.text()).toBe(200);
  return ((await response.json()) as { csrf: string }).csrf;
}

/** Complaints of the page itself fail every journey. */
export const test = base.extend<{ signedIn: Page }>({
  signedIn: async ({ page }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
    });
    await signIn(page);
    await use(page);
    expect(complaints).toEqual([]);
  },
});

export async function open(page: Page, path: string): Promise<void> {
  await page.goto(`${url()}${path}`);
}

/** Opens the search page with a query that is run at once. */
export async function search(page: Page, query: string, more = ''): Promise<void> {
  await open(page, `/search?q=${encodeURIComponent(query)}${more}`);
}

export function table(page: Page) {
  return page.getByTestId('result-table');
}

/** Does something that runs a query, and waits until its answer is there. */
export async function ran(page: Page, act: () => Promise<unknown>): Promise<void> {
  const answered = page.waitForResponse(
    (response) =>
      response.url().endsWith('/api/v1/query') &&
      response.request().headers().accept === 'application/vnd.doorledger.frames',
  );
  await act();
  await answered;
  await expect(page.getByTestId('answer')).toHaveAttribute('aria-busy', 'false');
}

/** Types a query into the editor in place of what is there. */
export async function type(page: Page, query: string): Promise<void> {
  const editor = page.getByTestId('editor').locator('.cm-content');
  await editor.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(query);
}

export { expect };
