// A judgement as a coloured dot with its word beside it: colour is never the only sign.
// Deliberately absent: judging.

import classes from './Lamp.module.css';

export type Tone = 'good' | 'warn' | 'bad' | 'neutral';

export function Lamp({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={classes.lamp} data-tone={tone}>
      <span className={classes.dot} aria-hidden />
      {children}
    </span>
  );
}
