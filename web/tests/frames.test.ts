// Reading an answer: the page draws its first rows before the next ones are looked at.
// Deliberately absent: what the frames say (`answers`).

import { afterEach, expect, test, vi } from 'vitest';
import { readFrames } from '../src/api/frames';
import { Run } from '../src/search/run';

afterEach(() => vi.unstubAllGlobals());

const LINES = [
  '{"frame":"table","name":"PrimaryResult","columns":[],"render":null}',
  '{"frame":"rows","rows":[[1]]}',
  '{"frame":"rows","rows":[[2]]}',
  '{"frame":"end","rows":2,"elapsed_ms":1,"rows_scanned":2,"bytes_scanned":2,"error":null}',
  '',
];

test.each([
  ['a page that is seen', false, ['table', 'rows', 'drawn', 'rows', 'end']],
  ['a page that is hidden is not waited for', true, ['table', 'rows', 'rows', 'end']],
])('%s', async (_name, hidden, wanted) => {
  const seen: string[] = [];
  vi.stubGlobal('document', { hidden });
  vi.stubGlobal('requestAnimationFrame', (then: () => void) => {
    seen.push('drawn');
    then();
  });
  // Everything is there at once, as it is over loopback.
  vi.stubGlobal('fetch', async () => new Response(LINES.join('\n'), { status: 200 }));
  await readFrames('/api/v1/query', {}, new AbortController().signal, (frame) => seen.push(frame.frame));
  expect(seen).toEqual(wanted);
});

test('rows of a second table are not taken for the first one’s', async () => {
  vi.stubGlobal('document', { hidden: true });
  vi.stubGlobal('requestAnimationFrame', () => 0);
  const table = '{"frame":"table","name":"T","columns":[{"name":"N","type":"long"}],"render":null}';
  const lines = [table, LINES[1], table.replace('"N"', '"M"'), LINES[2], LINES[3], ''];
  vi.stubGlobal('fetch', async () => new Response(lines.join('\n'), { status: 200 }));
  const run = new Run();
  await run.start({ query: 'T | fork (take 1) (take 1)', rows: 10, live: false }, () => undefined);
  const { result, phase } = run.snapshot();
  expect([phase, result?.rows.length, result?.rows.at(0, 0)]).toEqual(['done', 1, 1]);
});
