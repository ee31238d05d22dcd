// What axe finds serious on a page as it stands, in words that say where.
// Nothing fades in the journeys' browser (`playwright.config.ts`): what is there is as it will be read.
// Deliberately absent: moderate findings; they are read by people.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './app';

export async function nothingSerious(page: Page): Promise<void> {
  const found = await new AxeBuilder({ page }).analyze();
  const grave = found.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
  expect(
    grave.map(
      (one) =>
        `${one.id}: ${one.nodes
          .slice(0, 4)
          .map((node) => `${node.html.slice(0, 160)} (${node.failureSummary?.split('\n')[1] ?? ''})`)
          .join(' | ')}`,
    ),
  ).toEqual([]);
}
