// A destination of the registry that is not used: why, and removing it.
// Deliberately absent: destinations at work (`DestinationsPanel`).

import { Button, Group } from '@mantine/core';
import { Problem } from '../api/problem';
import type { ShownDestination } from '../api/types.gen';
import { ProblemView } from '../widgets/ProblemView';

export function Unused({
  destination,
  remove,
}: {
  destination: ShownDestination;
  remove: (() => void) | undefined;
}) {
  const { name, problems } = destination;
  const first = problems?.[0];
  const detail = `the added ${name} is not used: ${first?.message ?? ''}`;
  return (
    <Group wrap="nowrap" align="start">
      <ProblemView problem={new Problem({ code: 'unusable', detail, hint: first?.hint ?? '' })} compact />
      {remove !== undefined && (
        <Button size="compact-xs" color="red" variant="subtle" onClick={remove}>
          Remove the added {name}
        </Button>
      )}
    </Group>
  );
}
