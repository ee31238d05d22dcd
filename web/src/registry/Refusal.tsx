// What a dialog says of a refusal: that something stands at the fields, and in a list what is about none of them. The first
// field that is wrong gets the cursor.
// Deliberately absent: finding the places (`placed`).

import { Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { ProblemView } from '../widgets/ProblemView';
import type { Placed } from './placed';

interface Props {
  placed: Placed;
  /** What was refused; another refusal moves the cursor again. */
  refusal: unknown;
}

export function Refusal({ placed, refusal }: Props) {
  const here = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (refusal === null) return undefined;
    // Further settings open first.
    const frame = requestAnimationFrame(() => {
      const dialog = here.current?.closest('[role="dialog"]');
      dialog?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    });
    return () => cancelAnimationFrame(frame);
  }, [refusal]);
  const count = placed.fields.size;
  return (
    <div ref={here}>
      {count > 0 && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {count === 1
            ? 'One field has to be mended; what is wrong stands at it.'
            : `${count} fields have to be mended; what is wrong stands at each.`}
        </Text>
      )}
      {placed.rest !== null && <ProblemView problem={placed.rest} compact />}
    </div>
  );
}
