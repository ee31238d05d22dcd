// The answer: what went wrong, how many rows in what time, then the table or the chart.
// Deliberately absent: the table itself (`table`) and charts (`charts`).

import { Button, Select } from '@mantine/core';
import { IconDatabaseOff, IconTableOff } from '@tabler/icons-react';
import { Chart } from '../charts/Chart';
import { CHARTS, chartKind } from '../charts/options';
import { withoutRender } from '../kql/pipes';
import { isNumeric } from '../rows/cell';
import { useForeseen } from '../table/useViewport';
import { countText } from '../time/moment';
import { longerThan } from '../time/range';
import { Empty } from '../widgets/Empty';
import { ProblemView } from '../widgets/ProblemView';
import classes from './ResultPane.module.css';
import { ResultRows } from './ResultRows';
import type { Result } from './run';
import { StatusLine } from './StatusLine';
import { useRetry } from './useRetry';
import { type Search, useSnapshot } from './useSearch';

function canDraw(result: Result): boolean {
  return result.rows.columns.some((column) => isNumeric(column.type) || column.type === 'dynamic');
}

export function ResultPane({ search }: { search: Search }) {
  const { state, go } = search;
  const snapshot = useSnapshot();
  const { result, problem, phase } = snapshot;
  useRetry(search);
  const body = useForeseen();
  const asked = chartKind(result?.render?.visualization);
  const fallback = result?.rows.columns.some((column) => column.type === 'datetime')
    ? 'timechart'
    : 'columnchart';
  const drawn = state.live ? false : state.view === 'auto' ? asked !== null : state.view === 'chart';
  const kind = asked ?? fallback;
  const kept = result !== null && !snapshot.current && (phase === 'failed' || phase === 'cancelled');
  return (
    <>
      {problem !== null && (
        <div className={classes.problem}>
          <ProblemView
            problem={problem}
            {...(problem.code === 'connection_lost' ? { again: () => search.runText(null) } : {})}
          />
        </div>
      )}
      {result !== null && (
        <div className={classes.line}>
          {canDraw(result) && !state.live && (
            <Button.Group aria-label="how the answer is shown">
              {(['table', 'chart'] as const).map((view) => (
                <Button
                  key={view}
                  variant={drawn === (view === 'chart') ? 'light' : 'default'}
                  aria-pressed={drawn === (view === 'chart')}
                  onClick={() => go({ view })}
                >
                  {view === 'chart' ? 'Chart' : 'Table'}
                </Button>
              ))}
            </Button.Group>
          )}
          {drawn && (
            <Select
              w={140}
              aria-label="kind of chart"
              value={kind}
              data={[...CHARTS, 'card']}
              allowDeselect={false}
              onChange={(value) =>
                go({ query: `${withoutRender(search.text)}\n| render ${value}`, view: 'auto' }, true)
              }
            />
          )}
          <StatusLine snapshot={snapshot} live={state.live} />
          {kept && <span className={classes.old}>from the last query that worked</span>}
        </div>
      )}
      {result?.cut ? (
        <div className={classes.cut} role="status">
          {result.cut}
          {state.rows < 500_000 && result.rows.length <= state.rows && (
            <Button variant="subtle" size="compact-xs" onClick={() => go({ rows: 500_000 })}>
              Show up to 500,000
            </Button>
          )}
        </div>
      ) : null}
      <div
        className={classes.body}
        aria-busy={phase === 'running' && !state.live}
        ref={body}
        data-testid="answer"
        data-old={kept || undefined}
      >
        {result === null ? (
          <Waiting phase={phase} />
        ) : result.rows.columns.length === 0 || (result.rows.length === 0 && phase !== 'running') ? (
          <NoRows search={search} />
        ) : drawn ? (
          <div className={classes.chart}>
            <Chart
              kind={kind}
              properties={result.render?.properties ?? []}
              rows={result.rows}
              version={phase === 'running' ? Math.floor(snapshot.version / 20) : snapshot.version}
              label={`${kind} of ${countText(result.rows.length)} rows`}
            />
          </div>
        ) : (
          <ResultRows search={search} result={result} version={snapshot.version} />
        )}
      </div>
    </>
  );
}

/** What a person would try next: a longer time. */
function NoRows({ search }: { search: Search }) {
  const longer = longerThan(search.state.range);
  return (
    <Empty icon={IconDatabaseOff} title="No rows">
      Nothing matches in this time. Choose a longer one, or take a condition away.
      {longer !== null && (
        <div className={classes.next}>
          <Button
            variant="default"
            size="xs"
            onClick={() => search.go({ range: { kind: 'relative', duration: longer.duration } })}
          >
            {longer.label}
          </Button>
        </div>
      )}
    </Empty>
  );
}

function Waiting({ phase }: { phase: string }) {
  if (phase === 'running') return <Empty title="Asking…" />;
  if (phase === 'failed') {
    return (
      <Empty icon={IconTableOff} title="No answer">
        Mend the query and run it again.
      </Empty>
    );
  }
  if (phase === 'cancelled') return <Empty title="Cancelled">Nothing had come yet.</Empty>;
  return <Empty title="Run the query">Ctrl+Enter asks it.</Empty>;
}
