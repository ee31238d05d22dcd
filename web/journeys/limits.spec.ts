// What is large and what is hostile: half a million rows scroll smoothly, and no event is more than text.

import type { Page } from '@playwright/test';
import { expect, open, search, signIn, table, test, url } from './app';

/** A longer task of the page would be a frame that a person sees missing. */
const TASK_MS_MAX = 50;
const PASSES_MAX = 4;

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  tdur?: number;
  args?: { name?: string };
}

/**
 * Milliseconds that each task of the page's main thread worked while something was done. It is the thread's own time, so
 * that a machine busy with something else does not count.
 */
async function worked(page: Page, act: () => Promise<unknown>): Promise<number[]> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('the page has no browser');
  const categories = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'];
  await browser.startTracing(page, { categories });
  await act();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const main = new Set(
    trace.traceEvents
      .filter((event) => event.name === 'thread_name' && event.args?.name === 'CrRendererMain')
      .map((event) => `${event.pid} ${event.tid}`),
  );
  return trace.traceEvents
    .filter(
      (event) =>
        event.name === 'RunTask' && event.tdur !== undefined && main.has(`${event.pid} ${event.tid}`),
    )
    .map((event) => (event.tdur ?? 0) / 1000);
}

test('half a million rows scroll without a long frame', async ({ signedIn: page }) => {
  test.setTimeout(180_000);
  await search(
    page,
    'range Number from 1 to 500000 step 1 | extend Name = strcat("person", Number % 977, "@acme.example"), Ip = strcat("203.0.", Number % 250, ".", Number % 199), Outcome = iff(Number % 7 == 0, "failure", "success"), Half = Number / 2.0 | sort by Number asc',
    '&rows=500000',
  );
  await expect(page.getByRole('status').filter({ hasText: /^500,000 rows/ })).toBeVisible({
    timeout: 120_000,
  });
  await expect(page.getByRole('button', { name: 'Run' })).toBeVisible({ timeout: 60_000 });
  const scroll = () =>
    table(page).evaluate(async (box) => {
      const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
      box.scrollTop = 0;
      for (let step = 0; step < 240; step += 1) {
        // Slow, fast, and by leaps, as people scroll.
        box.scrollTop += step < 80 ? 60 : step < 160 ? 900 : 60_000;
        await frame();
      }
      box.scrollTop = box.scrollHeight;
      await frame();
      await frame();
    });
  // What the page itself does long, it does each time; what a busy machine adds, it adds anywhere.
  const longest: number[] = [];
  while (longest.length < PASSES_MAX && !longest.some((ms) => ms <= TASK_MS_MAX)) {
    const tasks = await worked(page, scroll);
    expect(tasks.length).toBeGreaterThan(240);
    longest.push(Math.max(...tasks));
  }
  console.log(`scrolling: longest task ${longest.map((ms) => ms.toFixed(1)).join(', then ')} ms`);
  expect(Math.min(...longest)).toBeLessThanOrEqual(TASK_MS_MAX);
  await expect(table(page).getByRole('gridcell', { name: '500000', exact: true })).toBeVisible();
});

test('sorting half a million rows keeps them all', async ({ signedIn: page }) => {
  test.setTimeout(180_000);
  await search(page, 'range Number from 1 to 500000 step 1', '&rows=500000');
  await expect(page.getByRole('status').filter({ hasText: /^500,000 rows/ })).toBeVisible({
    timeout: 120_000,
  });
  await table(page)
    .getByRole('button', { name: /^Number/ })
    .click();
  await table(page)
    .getByRole('button', { name: /^Number/ })
    .click();
  await expect(table(page).getByRole('row').nth(1)).toContainText('500000');
});

test('a hostile event is shown as text, and the layout holds', async ({ page }) => {
  const csrf = await signIn(page);
  const script = '<script>window.hit = true</script><img src=x onerror="window.hit = true">';
  const id = `900${Date.now()}0000000000000000000000000000000000000000`;
  const event = {
    log_id: id,
    date: new Date().toISOString(),
    type: 'fp',
    user_agent: script,
    user_name: '\u202Egro.elpmaxe@nna\u202C',
    description: 'x'.repeat(800_000),
    details: Object.fromEntries(Array.from({ length: 10_000 }, (_one, at) => [`key ${at}`, at])),
  };
  const sent = await page.request.post(`${url()}/api/v1/import/auth0/acme`, {
    headers: { 'X-Doorledger-Csrf': csrf, 'Content-Type': 'application/json' },
    data: JSON.stringify([event]),
  });
  expect(sent.ok(), await sent.text()).toBe(true);
  await search(
    page,
    `Auth0Logs_CL\n| where LogId == "${id}"\n| project TimeGenerated, HttpUserAgent, ActorUsername, Description, Details, RawEvent`,
  );
  await expect(table(page)).toContainText('<script>');
  await table(page).getByRole('button', { name: 'open row 1', exact: true }).click();
  await expect(page.getByText(/more characters/)).toBeVisible();
  await expect(page.getByText(/9,800 more|9800 more/).first()).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as { hit?: boolean }).hit)).toBeUndefined();
  const header = await page.getByRole('navigation', { name: 'pages' }).boundingBox();
  expect(header?.x).toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  await open(page, `/person?id=${encodeURIComponent(event.user_name)}`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as { hit?: boolean }).hit)).toBeUndefined();
});

test('a thousand columns are drawn as few as are seen', async ({ signedIn: page }) => {
  const columns = Array.from({ length: 1_000 }, (_one, at) => `c${at} = ${at}`).join(', ');
  await open(page, '/search');
  await page.evaluate((query) => {
    history.replaceState(null, '', `/search?q=${encodeURIComponent(query)}`);
    window.dispatchEvent(new PopStateEvent('popstate'));
  }, `print ${columns}`);
  await expect(table(page).getByRole('row').nth(1)).toBeVisible({ timeout: 40_000 });
  expect(await table(page).getByRole('columnheader').count()).toBeLessThan(40);
});
