// How often a dashboard asks again by itself, and the counter that makes it do so.
// Deliberately absent: what is asked.

import { useEffect, useState } from 'react';

export const REFRESHES = [
  { value: '0', label: 'No refresh' },
  { value: '10', label: 'Every 10 s' },
  { value: '30', label: 'Every 30 s' },
  { value: '60', label: 'Every minute' },
  { value: '300', label: 'Every 5 min' },
  { value: '900', label: 'Every 15 min' },
];

/** Faster than this nobody can look. */
const LEAST_SECONDS = 5;

/** Counts up at each refresh, and when told to; a page that nobody sees waits. */
export function useTick(seconds: number | null): [number, () => void] {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    if (seconds === null || seconds <= 0) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setTick((before) => before + 1);
    }, Math.max(LEAST_SECONDS, seconds) * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return [tick, () => setTick((before) => before + 1)];
}
