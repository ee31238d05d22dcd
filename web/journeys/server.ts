// Starts `doorledger demo` on a free port with a data folder of its own, waits until its history is collected, and stops it
// at the end. A server that runs already is used instead if DOORLEDGER_URL and DOORLEDGER_PASSWORD name it.
// Deliberately absent: anything that a person would not have after the first start.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Events of history for each tenant: enough for every page, quick to collect. */
const EVENTS = '6000';
/** Events each second at each tenant while the journeys run: a live tail need not be waited for. */
const RATE = '0.5';
const START_MS_MAX = 240_000;
const LOOK_MS = 500;

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}

/** The password that the demo prints. */
function password(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const take = (bytes: Buffer) => {
      said += bytes.toString();
      const found = /name admin, password (\S+)/.exec(said);
      if (found?.[1] !== undefined) resolve(found[1]);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${said.slice(-2_000)}`)));
  });
}

interface Status {
  sources: { state: string; stored_events: number }[];
}

/** Until every source has read its history and nothing new comes but what happens live. */
async function collected(url: string): Promise<void> {
  const until = Date.now() + START_MS_MAX;
  while (Date.now() < until) {
    const status = await fetch(`${url}/api/v1/status`)
      .then((response) => response.json() as Promise<Status>)
      .catch(() => null);
    const done =
      status?.sources.every((source) => ['caught_up', 'listening'].includes(source.state)) ?? false;
    const stored = status?.sources.reduce((sum, source) => sum + source.stored_events, 0) ?? 0;
    if (done && stored > 8_000) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error('the demo did not collect its history in time');
}

export default async function start(): Promise<() => Promise<void>> {
  if (process.env.DOORLEDGER_URL !== undefined) {
    process.env.DOORLEDGER_PASSWORD ??= 'demo';
    return async () => undefined;
  }
  const binary = process.env.DOORLEDGER_BIN;
  if (binary === undefined) throw new Error('DOORLEDGER_BIN names no binary: `cargo xtask test` sets it');
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), 'doorledger-journeys-'));
  const child = spawn(
    binary,
    ['demo', '--listen', `127.0.0.1:${port}`, '--data', data, '--events', EVENTS, '--rate', RATE],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  try {
    process.env.DOORLEDGER_PASSWORD = await password(child);
    process.env.DOORLEDGER_URL = `http://127.0.0.1:${port}`;
    await collected(process.env.DOORLEDGER_URL);
  } catch (error) {
    child.kill();
    throw error;
  }
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
}
