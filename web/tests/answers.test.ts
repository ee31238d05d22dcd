// Answers that break off: an export of JSON lines that is only a part, a live tail that goes on where it was.

import { describe, expect, test } from 'vitest';
import { connectionLost, Problem } from '../src/api/problem';
import type { Frame } from '../src/api/types.gen';
import { lateError } from '../src/search/lateError';
import { tail } from '../src/search/tail';

const ERROR = '{"error":{"kind":"limit","code":"E_X","message":"too many rows","span":null,"hint":"fewer"}}';

describe('an export of JSON lines', () => {
  test.each([
    ['', false],
    ['{"n":1}\n', false],
    [`{"n":1}\n${ERROR}\n`, true],
    [`${ERROR}\n`, true],
    // A column may be called like that; an error it is not.
    ['{"error":"wrong password"}\n', false],
    ['{"error":{"kind":"x"}}\n', false],
    [`${ERROR}\n{"n":1}\n`, false],
    [`{"n":"${'x'.repeat(100_000)}"}\n${ERROR}\n`, true],
    [`{"error":{"message":"${'x'.repeat(100_000)}"}}\n`, false],
  ])('%.80s is a part: %s', async (text, expected) => {
    const error = await lateError(new Blob([text]));
    expect(error !== null).toBe(expected);
    if (error !== null) expect(error.message).toContain('too many rows');
  });
});

describe('a live tail', () => {
  const table: Frame = { frame: 'table', name: 'PrimaryResult', columns: [], render: null };
  const rows = (row: number): Frame => ({ frame: 'rows', rows: [[row]] });
  const beat = (offset: number): Frame => ({ frame: 'beat', offset });
  const end: Frame = {
    frame: 'end',
    rows: 0,
    elapsed_ms: 0,
    rows_scanned: 0,
    bytes_scanned: 0,
    error: null,
  };

  /** What comes of answers, each of which is frames and how it ends, and what was asked for. */
  async function follow(answers: [Frame[], Error | null][]): Promise<[unknown[], unknown[], unknown]> {
    const abort = new AbortController();
    const asked: unknown[] = [];
    const told: unknown[] = [];
    const take = (frame: Frame) => void told.push(frame.frame === 'rows' ? frame.rows[0]?.[0] : frame.frame);
    const read = async (_path: string, body: unknown, _signal: AbortSignal, each: (frame: Frame) => void) => {
      asked.push((body as { after?: number }).after ?? null);
      const [frames, error] = answers.shift() ?? [[], null];
      for (const frame of frames) each(frame);
      if (error !== null) throw error;
      if (answers.length === 0) abort.abort();
    };
    const failed = await tail('T', abort.signal, take, read, 0).catch((error: unknown) => error);
    return [asked, told, failed];
  }

  test('goes on behind the last beat, and tells no row twice', async () => {
    const [asked, told, failed] = await follow([
      [[table, beat(5), rows(6), beat(6), rows(7)], connectionLost()],
      [[table, rows(7), beat(7), end], null],
      [[table, rows(8), beat(8)], null],
    ]);
    expect(asked).toEqual([null, 6, 7]);
    expect(told).toEqual(['table', 6, 7, 8]);
    expect(failed).toBeUndefined();
  });

  test('begins with the newest rows that are there, and tells the new ones behind them', async () => {
    const abort = new AbortController();
    const told: unknown[] = [];
    const asked: unknown[] = [];
    const columns = ['Name', '_Offset'].map((name) => ({ name, type: name === 'Name' ? 'string' : 'long' }));
    let answerPast = () => {};
    const read = async (path: string, body: unknown, _signal: AbortSignal, each: (frame: Frame) => void) => {
      if (path === '/api/v1/query') {
        asked.push(body);
        await new Promise<void>((resolve) => {
          answerPast = resolve;
        });
        each({
          frame: 'rows',
          rows: [
            ['old', 5],
            ['older', 3],
          ],
        });
        return;
      }
      each({ ...table, columns } as Frame);
      each(beat(5));
      each({ frame: 'rows', rows: [['new', 6]] });
      each(beat(6));
      answerPast();
      await new Promise((resolve) => setTimeout(resolve));
      abort.abort();
    };
    const take = (frame: Frame) => frame.frame === 'rows' && told.push(...frame.rows.map((row) => row[0]));
    await tail('T | where Name != ""', abort.signal, take, read, 0);
    expect(told).toEqual(['older', 'old', 'new']);
    expect(asked).toMatchObject([
      { query: 'T | where Name != ""\n| where _Offset <= 5\n| top 100 by _Offset' },
    ]);
  });

  test('ends with what the server refuses, and where it cannot begin', async () => {
    const refused = new Problem({ code: 'tail_unsupported', detail: '`summarize` cannot be followed' });
    expect((await follow([[[], refused]]))[2]).toBe(refused);
    const lost = connectionLost();
    expect((await follow([[[], lost]]))[2]).toBe(lost);
  });
});
