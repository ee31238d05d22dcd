// A border between two parts of the page that is moved by pointer or arrow keys.
// Deliberately absent: what is on either side.

import type { KeyboardEvent, PointerEvent } from 'react';
import classes from './Splitter.module.css';

interface Props {
  label: string;
  size: number;
  least: number;
  most: number;
  onSize: (size: number) => void;
  /** A standing border moves sideways. */
  vertical?: boolean;
  first?: number;
}

const STEP_PX = 16;

export function Splitter({ label, size, least, most, onSize, vertical = false, first }: Props) {
  const within = (wanted: number) => onSize(Math.round(Math.min(most, Math.max(least, wanted))));
  function grab(event: PointerEvent<HTMLDivElement>) {
    event.preventDefault();
    const handle = event.currentTarget;
    const from = vertical ? event.clientX : event.clientY;
    handle.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent) =>
      within(size + (vertical ? moved.clientX : moved.clientY) - from);
    const drop = () => {
      handle.removeEventListener('pointermove', move);
      handle.removeEventListener('pointerup', drop);
    };
    handle.addEventListener('pointermove', move);
    handle.addEventListener('pointerup', drop);
  }
  function pressed(event: KeyboardEvent) {
    const [less, more] = vertical ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    if (event.key !== less && event.key !== more) return;
    event.preventDefault();
    within(size + (event.key === more ? STEP_PX : -STEP_PX));
  }
  return (
    <div
      role="separator"
      aria-label={label}
      aria-orientation={vertical ? 'vertical' : 'horizontal'}
      aria-valuemin={least}
      aria-valuemax={most}
      aria-valuenow={size}
      tabIndex={0}
      className={classes.splitter}
      data-vertical={vertical || undefined}
      onPointerDown={grab}
      onKeyDown={pressed}
      onDoubleClick={() => first !== undefined && onSize(first)}
    />
  );
}
