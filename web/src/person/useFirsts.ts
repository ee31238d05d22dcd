// When each country, address and application of a person was seen first, over everything that is kept.
// Deliberately absent: what counts as news (`sessions`).

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ask } from '../api/ask';
import type { Firsts } from './sessions';

const FIRSTS_MAX = 5_000;

function query(where: string): string {
  const one = (column: string) =>
    `(Identity | where (${where}) and isnotempty(${column}) | summarize First = min(TimeGenerated) by Value = ${column} | extend Of = "${column}")`;
  return `union ${one('Country')}, ${one('Ip')}, ${one('Application')}\n| project Of, Value, First\n| take ${FIRSTS_MAX}`;
}

export function useFirsts(where: string | null): Firsts | null {
  const answer = useQuery({
    queryKey: ['firsts', where],
    enabled: where !== null,
    queryFn: ({ signal }) => ask(query(where ?? ''), undefined, signal),
  });
  return useMemo(() => {
    if (answer.data === undefined) return null;
    const seen = new Map(answer.data.rows.map((row) => [`${row[0]}:${row[1]}`, Date.parse(String(row[2]))]));
    return { seen, began: Math.min(...seen.values()) };
  }, [answer.data]);
}
