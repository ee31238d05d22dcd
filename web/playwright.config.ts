// Journeys in Chromium against the real binary with the demo's data; `journeys/server.ts` starts it.
// Deliberately absent: retries, and more than two workers.

import { defineConfig } from '@playwright/test';

const browser = process.env.CHROMIUM ?? '';

export default defineConfig({
  testDir: 'journeys',
  outputDir: 'test-results',
  globalSetup: './journeys/server.ts',
  workers: 2,
  retries: 0,
  fullyParallel: false,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    contextOptions: { reducedMotion: 'reduce' },
    permissions: ['clipboard-read', 'clipboard-write'],
    launchOptions: { args: ['--no-sandbox'], ...(browser === '' ? {} : { executablePath: browser }) },
    trace: 'off',
    screenshot: 'only-on-failure',
  },
});
