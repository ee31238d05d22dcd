// States of sources and destinations in words, with how grave they are.
// Deliberately absent: the overall judgement, which the server makes.

import type { Light, SourceId, SourceStatus } from '../api/types.gen';
import type { Tone } from '../widgets/Lamp';

const SOURCE_STATES: Record<string, [string, Tone]> = {
  starting: ['starting', 'neutral'],
  reading: ['reading what is there', 'good'],
  caught_up: ['up to date', 'good'],
  listening: ['listening', 'good'],
  rate_limited: ['held back by the rate limit', 'warn'],
  failing: ['failing, trying again', 'warn'],
  refused: ['refused, waits for you', 'bad'],
  paused: ['paused', 'neutral'],
};

const DESTINATION_STATES: Record<string, [string, Tone]> = {
  idle: ['everything is delivered', 'good'],
  sending: ['delivering', 'good'],
  retrying: ['failing, trying again', 'warn'],
  stopped: ['stopped, waits for you', 'bad'],
  paused: ['paused', 'neutral'],
  removed: ['no longer configured', 'warn'],
};

const LIGHTS: Record<Light, [string, Tone]> = {
  green: ['All is well', 'good'],
  yellow: ['Something is worth a look', 'warn'],
  red: ['Somebody must act', 'bad'],
};

export function sourceState(state: string): [string, Tone] {
  return SOURCE_STATES[state] ?? [state, 'neutral'];
}

export function destinationState(state: string): [string, Tone] {
  return DESTINATION_STATES[state] ?? [state, 'neutral'];
}

export function lightWords(light: Light): [string, Tone] {
  return LIGHTS[light];
}

export function sourceName(source: SourceId): string {
  return `${source.provider}/${source.tenant}/${source.source}`;
}

/** Events a minute between two looks; `null` before there were two. */
export function rate(now: SourceStatus, before: SourceStatus | undefined, seconds: number): number | null {
  if (before === undefined || seconds <= 0) return null;
  return (Math.max(0, now.stored_events - before.stored_events) / seconds) * 60;
}
