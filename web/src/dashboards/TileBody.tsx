// What a tile shows: its query's answer as a chart, a card or a table, or its text.
// Deliberately absent: its frame (`TileFrame`).

import { Center, Loader } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { ask } from '../api/ask';
import { asProblem } from '../api/problem';
import type { Tile } from '../api/types.gen';
import { Chart } from '../charts/Chart';
import { chartKind } from '../charts/options';
import { withoutRender } from '../kql/pipes';
import { packedOf } from '../rows/packed';
import { viewOf } from '../rows/view';
import { ResultTable, type TableActions } from '../table/ResultTable';
import { useZone } from '../time/moment';
import { Empty } from '../widgets/Empty';
import { ProblemView } from '../widgets/ProblemView';
import { Markdown } from './Markdown';

/** Rows that one tile draws. */
export const TILE_ROWS_MAX = 5_000;

interface Props {
  tile: Tile;
  /** Its query with the parameters in it. */
  query: string;
  timespan: string | undefined;
  /** Asked again when it changes. */
  tick: number;
  onPoint?: ((x: string | number) => void) | undefined;
}

export function TileBody({ tile, query, timespan, tick, onPoint }: Props) {
  const answer = useQuery({
    queryKey: ['tile', query, timespan, tick],
    enabled: tile.kind !== 'markdown' && query.trim() !== '',
    queryFn: ({ signal }) => ask(query, timespan, signal, TILE_ROWS_MAX),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const rows = useMemo(
    () => (answer.data === undefined ? null : packedOf(answer.data.columns, answer.data.rows)),
    [answer.data],
  );
  if (tile.kind === 'markdown') return <Markdown text={tile.text ?? ''} />;
  if (query.trim() === '') return <Empty title="No query yet">Edit the tile to give it one.</Empty>;
  if (rows === null) {
    return answer.error === null ? (
      <Center h="100%">
        <Loader size="xs" />
      </Center>
    ) : (
      <ProblemView problem={asProblem(answer.error)} again={() => void answer.refetch()} compact />
    );
  }
  const kind =
    tile.kind === 'table' ? null : (chartKind(tile.kind) ?? chartKind(answer.data?.render?.visualization));
  if (rows.length === 0) return <Empty title="No rows in this time" />;
  if (kind === null) return <TileTable rows={rows} label={tile.title} />;
  return (
    <Chart
      kind={kind}
      properties={[...(answer.data?.render?.properties ?? []), ...Object.entries(tile.options ?? {})]}
      rows={rows}
      version={0}
      label={`${tile.title}: ${kind}`}
      small
      {...(onPoint === undefined ? {} : { onPoint })}
    />
  );
}

const NOTHING: string[] = [];
const NONE: ReadonlySet<string> = new Set();

function TileTable({ rows, label }: { rows: ReturnType<typeof packedOf>; label: string }) {
  const [zone] = useZone();
  const [sort, setSort] = useState<{ column: string; descending: boolean } | null>(null);
  const view = useMemo(() => viewOf(rows, { sort, filters: [], group: null, open: NONE }), [rows, sort]);
  const actions: TableActions = useMemo(
    () => ({
      sort: (column) =>
        setSort((before) => ({ column, descending: before?.column === column ? !before.descending : false })),
      value: () => undefined,
      include: null,
      exclude: null,
      toggleGroup: () => undefined,
    }),
    [],
  );
  return (
    <ResultTable
      rows={rows}
      view={view}
      version={0}
      zone={zone}
      label={label}
      hidden={NOTHING}
      pinned={NOTHING}
      sort={sort}
      filtered={NONE}
      openGroups={NONE}
      actions={actions}
      menu={() => null}
      detail={() => null}
      plain
    />
  );
}

/** The query as the search page should get it: with the chart that the tile draws. */
export function searchQuery(tile: Tile, query: string): string {
  const kind = chartKind(tile.kind);
  return kind === null ? query : `${withoutRender(query)}\n| render ${kind}`;
}
