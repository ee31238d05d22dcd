// How quick the app feels against a server that runs already: from an empty browser to something that can be typed into,
// and from Enter to the first rows of one day. `DOORLEDGER_URL`, `DOORLEDGER_USER` (admin) and `DOORLEDGER_PASSWORD` say
// where; `TABLE` (Auth0Logs_CL) and `DAYS` (8) what is asked; `CHROMIUM` names a browser other than Playwright's.
// Deliberately absent: judging; on a busy machine the judgement would be worthless.

import { chromium } from '@playwright/test';

const url = process.env.DOORLEDGER_URL ?? 'http://127.0.0.1:7788';
const user = process.env.DOORLEDGER_USER ?? 'admin';
const password = process.env.DOORLEDGER_PASSWORD ?? '';
const table = process.env.TABLE ?? 'Auth0Logs_CL';
const days = Number(process.env.DAYS ?? 8);
const LOADS = 5;
const DAY_MS = 86_400_000;
const WAIT_MS = 20_000;

/** What analysts ask of a day. */
const QUESTIONS = {
  'rows as they are': '',
  'newest first': '| sort by TimeGenerated desc',
  'failures, some columns':
    '| where EventType startswith "f" | project TimeGenerated, EventType, ActorUsername, SrcIpAddr, Description',
  'a word anywhere': '| where RawEvent has "chrome"',
  'counted by user': '| summarize Events = count() by ActorUsername | top 100 by Events',
};

/**
 * Runs in the page: promises how long after the next Enter a first row is drawn that holds this mark. It is asked for before
 * Enter is pressed: a question of ours in between would be measured too.
 */
function watch(mark) {
  const { promise, resolve } = Promise.withResolvers();
  window.firstRow = promise;
  const cell = () => document.querySelector('[data-testid="result-table"] [data-row="0"] [data-at="0"]');
  const onEnter = (event) => {
    // Control comes before it.
    if (event.key !== 'Enter') return;
    removeEventListener('keydown', onEnter, { capture: true });
    const began = performance.now();
    const look = () => {
      if (cell()?.textContent === mark) resolve(performance.now() - began);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  };
  addEventListener('keydown', onEnter, { capture: true });
}

async function signIn(context) {
  const answer = await context.request.post(`${url}/api/v1/session`, { data: { name: user, password } });
  if (!answer.ok()) throw new Error(`sign in: ${await answer.text()}`);
  return (await answer.json()).csrf;
}

/** Milliseconds from navigation until something can be typed into, in a browser that has never been here. */
async function load(browser, path, field, signedIn) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  if (signedIn) await signIn(context);
  const page = await context.newPage();
  await page.addInitScript((selector) => {
    const look = () => {
      if (document.querySelector(selector) !== null) window.usableMs = performance.now();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, field);
  await page.goto(`${url}${path}`);
  const found = await page.waitForFunction(() => window.usableMs, null, { timeout: WAIT_MS });
  const ms = await found.jsonValue();
  await context.close();
  return ms;
}

/** The first day to ask about, in milliseconds, and how many days lie between those asked. */
async function stretch(context, csrf) {
  const query = `${table} | summarize min(TimeGenerated), max(TimeGenerated), count()`;
  const answer = await context.request.post(`${url}/api/v1/query`, {
    data: { query },
    headers: { 'X-Doorledger-Csrf': csrf, Accept: 'application/json' },
  });
  if (!answer.ok()) throw new Error(`${query}: ${await answer.text()}`);
  const [from, until, count] = (await answer.json()).tables[0].rows[0];
  console.log(`${table}: ${Number(count).toLocaleString('en')} events from ${from} until ${until}`);
  const first = Math.ceil(Date.parse(from) / DAY_MS) * DAY_MS;
  return { first, step: Math.max(1, Math.floor((Date.parse(until) - first) / DAY_MS / days)) };
}

async function ask(page, from, mark, question) {
  const t = `${new Date(from).toISOString()}/${new Date(from + DAY_MS).toISOString()}`;
  await page.goto(`${url}/search?t=${encodeURIComponent(t)}`);
  const editor = page.getByTestId('editor').locator('.cm-content');
  await editor.click();
  await page.keyboard.insertText(
    `${table} ${question} | extend Mark = "${mark}" | project-reorder Mark`.replace('  ', ' '),
  );
  // What the editor asks while one types is answered before Enter, as it is for people.
  await page.waitForLoadState('networkidle');
  await page.evaluate(watch, mark);
  const found = page.evaluate((ms) => {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('no row came')), ms));
    return Promise.race([window.firstRow, late]);
  }, WAIT_MS);
  await page.keyboard.press('Control+Enter');
  return await found;
}

const shown = (list) => {
  const sorted = [...list].sort((a, b) => a - b).map(Math.round);
  return `median ${sorted[Math.floor(sorted.length / 2)]}, longest ${sorted.at(-1)} ms (${list.map(Math.round).join(' ')})`;
};

const browser = await chromium.launch({
  args: ['--no-sandbox'],
  ...(process.env.CHROMIUM ? { executablePath: process.env.CHROMIUM } : {}),
});
try {
  for (const [name, path, field, signedIn] of [
    ['sign-in form', '/', 'input[type="password"]', false],
    ['editor, signed in', '/search', '.cm-content', true],
    ['dashboards, signed in', '/dashboards', 'main a[href^="/dashboards/"]', true],
  ]) {
    const times = [];
    for (let at = 0; at < LOADS; at += 1) times.push(await load(browser, path, field, signedIn));
    console.log(`cold, until the ${name} can be used: ${shown(times)}`);
  }
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const { first, step } = await stretch(context, await signIn(context));
  const page = await context.newPage();
  for (const [name, question] of Object.entries(QUESTIONS)) {
    const times = [];
    for (let at = 0; at < days; at += 1) {
      const mark = `${name} ${at}`;
      times.push(await ask(page, first + at * step * DAY_MS, mark, question));
    }
    console.log(`Enter to first rows, ${name}: ${shown(times)}`);
  }
} finally {
  await browser.close();
}
