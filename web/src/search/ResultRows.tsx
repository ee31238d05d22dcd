// The answer's rows as a table: order, filters and groups of what is in the browser; clicks on values change the query.
// Deliberately absent: drawing cells (`table`).

import { ActionIcon } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { condition, narrowed, pathCondition } from '../kql/filter';
import { type ColumnFilter, type ViewState, viewOf } from '../rows/view';
import type { Placed } from '../table/layout';
import { ResultTable, type TableActions } from '../table/ResultTable';
import { type DetailActions, RowDetail } from '../table/RowDetail';
import { useZone } from '../time/moment';
import { type ColumnActions, ColumnMenu } from './ColumnMenu';
import classes from './ResultPane.module.css';
import type { Result } from './run';
import type { Search } from './useSearch';
import { type Chosen, ValueMenu } from './ValueMenu';

const ALL: ReadonlySet<string> = new Set();

interface Props {
  search: Search;
  result: Result;
  /** Counts changes of the rows, which grow in place. */
  version: number;
}

export function ResultRows({ search, result, version: newest }: Props) {
  const { state, go, text } = search;
  const { rows } = result;
  const [zone] = useZone();
  const [filters, setFilters] = useState<ColumnFilter[]>([]);
  const [open, setOpen] = useState<ReadonlySet<string>>(ALL);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const hidden = useMemo(() => state.hidden.filter((name) => rows.indexOf(name) >= 0), [state.hidden, rows]);

  // Another query's columns are other columns.
  useEffect(() => {
    setFilters((before) => before.filter((filter) => rows.indexOf(filter.column) >= 0));
    setOpen(ALL);
  }, [rows]);

  const viewState: ViewState = useMemo(
    () => ({ sort: state.sort, filters, group: state.group, open }),
    [state.sort, filters, state.group, open],
  );
  // While rows come in, order and groups follow as the browser finds time.
  const plain = state.sort === null && filters.length === 0 && state.group === null;
  const settled = useDeferredValue(newest);
  const version = plain ? newest : settled;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows grow in place, and the version tells
  const view = useMemo(() => viewOf(rows, viewState), [rows, viewState, version]);

  const narrow = useCallback(
    (made: string | null) => made !== null && go({ query: narrowed(text, made) }),
    [go, text],
  );
  const choose = useCallback(
    (sense: 'include' | 'exclude', column: number, row: number) => {
      const { name, type } = rows.columns[column] ?? { name: '', type: '' };
      narrow(condition(name, type, rows.at(row, column), sense));
    },
    [rows, narrow],
  );

  const actions: TableActions = useMemo(
    () => ({
      sort: (column) => {
        const same = state.sort?.column === column ? state.sort : null;
        go({
          sort:
            same === null
              ? { column, descending: false }
              : same.descending
                ? null
                : { column, descending: true },
        });
      },
      value: (anchor, at, row) => {
        const { name, type } = rows.columns[at] ?? { name: '', type: '' };
        setChosen({ anchor, column: name, type, value: rows.at(row, at), at, row });
      },
      include: (column, row) => choose('include', column, row),
      exclude: (column, row) => choose('exclude', column, row),
      toggleGroup: (key) =>
        setOpen((before) => {
          const after = new Set(before);
          if (!after.delete(key)) after.add(key);
          return after;
        }),
    }),
    [state.sort, go, rows, choose],
  );

  const columnActions: ColumnActions = {
    sort: (column, descending) => go({ sort: { column, descending } }),
    hide: (column) => go({ hidden: [...state.hidden, column] }),
    pin: (column) =>
      go({
        pinned: state.pinned.includes(column)
          ? state.pinned.filter((one) => one !== column)
          : [...state.pinned, column],
      }),
    group: (column) => go({ group: column }),
    filter: (filter, column) =>
      setFilters((before) => [
        ...before.filter((one) => one.column !== column),
        ...(filter === null ? [] : [filter]),
      ]),
  };
  const menu = (column: Placed) => (
    <ColumnMenu
      column={column}
      rows={rows}
      filter={filters.find((filter) => filter.column === column.column.name)}
      grouped={state.group === column.column.name}
      actions={columnActions}
    />
  );
  const detailActions: DetailActions = useMemo(
    () => ({
      choose: (sense, at, path, value) => {
        const { name, type } = rows.columns[at] ?? { name: '', type: '' };
        narrow(
          type === 'dynamic' ? pathCondition(name, path, value, sense) : condition(name, type, value, sense),
        );
      },
    }),
    [rows, narrow],
  );
  const filtered = useMemo(() => new Set(filters.map((filter) => filter.column)), [filters]);
  const some = filters.length > 0 || hidden.length > 0 || state.group !== null;
  return (
    <div className={classes.rows}>
      {some && (
        <div className={classes.chips}>
          {state.group !== null && (
            <Chip text={`Grouped by ${state.group}`} drop={() => go({ group: null })} />
          )}
          {filters.map((filter) => (
            <Chip
              key={filter.column}
              text={filterText(filter, view.rows)}
              drop={() => columnActions.filter(null, filter.column)}
            />
          ))}
          {hidden.length > 0 && (
            <Chip
              text={hidden.length === 1 ? `${hidden[0]} is hidden` : `${hidden.length} columns are hidden`}
              drop={() => go({ hidden: [] })}
            />
          )}
        </div>
      )}
      <div className={classes.table}>
        <ResultTable
          rows={rows}
          view={view}
          version={version}
          zone={zone}
          label="result"
          hidden={hidden}
          pinned={state.pinned}
          sort={state.sort}
          filtered={filtered}
          openGroups={open}
          actions={actions}
          menu={menu}
          detail={(row) => <RowDetail rows={rows} row={row} actions={detailActions} />}
          follow={state.live}
        />
      </div>
      <ValueMenu
        chosen={chosen}
        close={() => setChosen(null)}
        choose={(sense, one) => choose(sense, one.at, one.row)}
        group={(column) => go({ group: column })}
      />
    </div>
  );
}

function filterText(filter: ColumnFilter, rows: number): string {
  const what = filter.contains ? `contains “${filter.contains}”` : `is one of ${filter.among?.length ?? 0}`;
  return `${filter.column} ${what}: ${rows.toLocaleString('en')} rows`;
}

function Chip({ text, drop }: { text: string; drop: () => void }) {
  return (
    <span className={classes.chip}>
      <span className="foreign">{text}</span>
      <ActionIcon size={18} onClick={drop} aria-label={`take away: ${text}`}>
        <IconX size={12} />
      </ActionIcon>
    </span>
  );
}
