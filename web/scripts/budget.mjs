// Says how large the first load is, and fails if it is above its budget: everything that index.html names or that is
// imported from there without waiting, compressed as the server sends it.
// Deliberately absent: chunks that are loaded later; editor and charts are listed for information.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES = 300_000;
const dist = new URL('../dist/', import.meta.url).pathname;
const assets = join(dist, 'assets');
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const sizes = new Map(
  readdirSync(assets)
    .filter((name) => !/\.(gz|br)$/.test(name))
    .map((name) => [name, gzipSync(readFileSync(join(assets, name)), { level: 9 }).length]),
);

/** Files that are loaded with this one, by its static imports. */
function withImports(name, seen = new Set()) {
  if (seen.has(name) || !sizes.has(name)) return seen;
  seen.add(name);
  if (!name.endsWith('.js')) return seen;
  const text = readFileSync(join(assets, name), 'utf8');
  for (const match of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) withImports(match[1], seen);
  return seen;
}

const first = new Set();
for (const match of html.matchAll(/assets\/([\w.-]+)/g)) withImports(match[1], first);
// The page that is opened first belongs to the first load.
const page = [...sizes.keys()].find((name) => /^SearchPage-.*\.js$/.test(name));
if (page !== undefined) withImports(page, first);
for (const name of sizes.keys()) if (/^SearchPage-.*\.css$/.test(name)) first.add(name);
const total = [...first].reduce((sum, name) => sum + (sizes.get(name) ?? 0), gzipSync(html).length);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`first load, with the search page: ${kilobytes(total)} of ${kilobytes(BUDGET_BYTES)} (gzip)`);
for (const [name, size] of [...sizes].sort((a, b) => b[1] - a[1]).slice(0, 12)) {
  console.log(`  ${kilobytes(size).padStart(9)}  ${name}${first.has(name) ? '' : ', later'}`);
}
if (total > BUDGET_BYTES) {
  console.error('the first load is above its budget');
  process.exit(1);
}
