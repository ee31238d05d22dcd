// What a person did, folded into sessions. Its question is the first of the page's: the first child's effects run first.
// Deliberately absent: drawing sessions (`Timeline`), and who the person is (`Person`).

import { Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ask, objects } from '../api/ask';
import { asProblem } from '../api/problem';
import { countText } from '../time/moment';
import { type TimeRange, timespan } from '../time/range';
import { Empty } from '../widgets/Empty';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import { AsKql } from './AsKql';
import { isAddress, TIMELINE_MAX, timelineQuery } from './questions';
import { happenings, sessions } from './sessions';
import { Timeline } from './Timeline';
import { useFirsts } from './useFirsts';

export function Happened({ id, where, range }: { id: string; where: string; range: TimeRange }) {
  const span = timespan(range);
  const timeline = useQuery({
    queryKey: ['timeline', where, span],
    queryFn: ({ signal }) => ask(timelineQuery(where), span, signal),
  });
  // What was new is looked up over everything that is kept: the sessions do not wait for it.
  const firsts = useFirsts(timeline.data === undefined ? null : where);
  const folded = useMemo(
    () => (timeline.data === undefined ? [] : sessions(happenings(objects(timeline.data)), firsts)),
    [timeline.data, firsts],
  );
  const told = `${countText(folded.length)} ${folded.length === 1 ? 'session' : 'sessions'}`;
  const cut = (timeline.data?.rows.length ?? 0) >= TIMELINE_MAX;
  return (
    <Panel
      title="What happened"
      note={
        timeline.data !== undefined && `${told}${cut ? `, the newest ${countText(TIMELINE_MAX)} events` : ''}`
      }
      actions={<AsKql query={timelineQuery(where)} range={range} />}
    >
      {timeline.error !== null ? (
        <ProblemView problem={asProblem(timeline.error)} again={() => void timeline.refetch()} compact />
      ) : timeline.isPending ? (
        <Loader size="sm" />
      ) : folded.length === 0 ? (
        <Empty title="Nothing in this time">Choose a longer one above.</Empty>
      ) : (
        <Timeline sessions={folded} address={isAddress(id)} />
      )}
    </Panel>
  );
}
