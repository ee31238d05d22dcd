// Moments, durations and amounts in words and figures, in local time or UTC.
// Deliberately absent: stretches of time (`range`).

import { useSyncExternalStore } from 'react';

export type Zone = 'local' | 'utc';

const STORED = 'doorledger.zone';
const listeners = new Set<() => void>();
let zone: Zone = read();

function read(): Zone {
  try {
    return localStorage.getItem(STORED) === 'utc' ? 'utc' : 'local';
  } catch {
    return 'local';
  }
}

/** The zone in which moments are shown, and how to change it. */
export function useZone(): [Zone, (to: Zone) => void] {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => zone,
  );
  return [shown, chooseZone];
}

function chooseZone(to: Zone): void {
  zone = to;
  try {
    localStorage.setItem(STORED, to);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  for (const listener of listeners) listener();
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

export interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

export function parts(ms: number, zone: Zone): Parts {
  const date = new Date(ms);
  return zone === 'utc'
    ? {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
      }
    : {
        year: date.getFullYear(),
        month: date.getMonth() + 1,
        day: date.getDate(),
        hour: date.getHours(),
        minute: date.getMinutes(),
        second: date.getSeconds(),
      };
}

/** `2026-11-21 09:03:10`, with the fraction that the server's text has: milliseconds, or more digits where it has more. */
export function momentText(text: string, zone: Zone): string {
  const ms = Date.parse(text);
  if (!Number.isFinite(ms)) return text;
  const fraction = /\.(\d+?)0*Z?$/.exec(text)?.[1] ?? '';
  const p = parts(ms, zone);
  return `${p.year}-${two(p.month)}-${two(p.day)} ${two(p.hour)}:${two(p.minute)}:${two(p.second)}${
    fraction === '' || fraction === '0' ? '' : `.${fraction.padEnd(3, '0')}`
  }`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `21 Nov 09:03`, for labels and cards. */
export function shortMoment(ms: number, zone: Zone): string {
  const p = parts(ms, zone);
  return `${p.day} ${MONTHS[p.month - 1]} ${two(p.hour)}:${two(p.minute)}`;
}

export function dayText(ms: number, zone: Zone): string {
  const p = parts(ms, zone);
  return `${p.day} ${MONTHS[p.month - 1]} ${p.year}`;
}

export function clockText(ms: number, zone: Zone): string {
  const p = parts(ms, zone);
  return `${two(p.hour)}:${two(p.minute)}`;
}

/** `3 s`, `12 min`, `5 h`, `9 d`. */
export function lengthText(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** How long ago, in words. */
export function agoText(text: string | null, now: number): string {
  if (text === null) return 'never';
  const seconds = (now - Date.parse(text)) / 1000;
  return seconds < 2 ? 'just now' : `${lengthText(seconds)} ago`;
}

const COUNT = new Intl.NumberFormat('en');

export function countText(count: number): string {
  return COUNT.format(count);
}

/** `1.2 M`, for places with little room. */
export function briefCount(count: number): string {
  if (Math.abs(count) < 10_000) return COUNT.format(Math.round(count * 100) / 100);
  if (Math.abs(count) < 1_000_000) return `${(count / 1_000).toFixed(count < 100_000 ? 1 : 0)} k`;
  return `${(count / 1_000_000).toFixed(count < 10_000_000 ? 2 : 1)} M`;
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
