// The question behind a panel, one click away.
// Deliberately absent: the question itself (`questions`).

import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import { searchUrl } from '../search/url';
import { rangeText, type TimeRange } from '../time/range';

export function AsKql({ query, range }: { query: string; range: TimeRange | null }) {
  return (
    <Anchor
      component={Link}
      to={searchUrl({ query, time: range === null ? 'all' : rangeText(range) })}
      size="xs"
    >
      as KQL
    </Anchor>
  );
}
