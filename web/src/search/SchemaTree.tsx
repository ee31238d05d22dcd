// Tables and their columns: how often a column has a value and which are frequent, asked as KQL; a click filters.
// Deliberately absent: the functions' text.

import { ActionIcon, Loader, Switch, TextInput, Tooltip } from '@mantine/core';
import { IconFilter, IconFunction, IconTable } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { memo, useMemo, useState } from 'react';
import { ask } from '../api/ask';
import { loadSchema } from '../api/kql';
import { asProblem } from '../api/problem';
import type { SchemaTable } from '../api/types.gen';
import { COLUMNS_ASKED_MAX, FILL_ROWS_MAX, fillQuery } from '../kql/questions';
import { countText } from '../time/moment';
import { rangeText, type TimeRange, timespan } from '../time/range';
import { ProblemView } from '../widgets/ProblemView';
import { SchemaColumn } from './SchemaColumn';
import classes from './SchemaTree.module.css';

/** Functions listed for what is looked for. */
const FUNCTIONS_SHOWN = 30;

interface Props {
  range: TimeRange;
  current: string;
  /** Puts text into the editor where the cursor is, or begins a query. */
  onTable: (table: string) => void;
  onFilter: (table: string, condition: string) => void;
}

export function useSchema() {
  return useQuery({ queryKey: ['schema'], queryFn: ({ signal }) => loadSchema(signal), staleTime: 60_000 });
}

/** Drawn again only when it has something else to show: a table may have hundreds of columns. */
export const SchemaTree = memo(function SchemaTree({ range, current, onTable, onFilter }: Props) {
  const schema = useSchema();
  const [find, setFind] = useState('');
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const needle = find.trim().toLowerCase();
  const tables = useMemo(
    () =>
      (schema.data?.tables ?? []).filter(
        (table) =>
          needle === '' ||
          table.name.toLowerCase().includes(needle) ||
          table.columns.some((column) => column.name.toLowerCase().includes(needle)),
      ),
    [schema.data, needle],
  );
  // Functions over tables stand among the tables; the language's own are shown to whoever looks for one.
  const functions =
    needle === ''
      ? []
      : (schema.data?.functions ?? [])
          .filter((one) => one.name.toLowerCase().includes(needle))
          .slice(0, FUNCTIONS_SHOWN);
  const isOpen = (name: string) => opened.has(name) !== (name === current);
  return (
    <aside className={classes.tree} aria-label="tables and columns">
      <TextInput
        placeholder="Find a table or column"
        aria-label="find a table or column"
        value={find}
        onChange={(event) => setFind(event.currentTarget.value)}
        className={classes.find}
      />
      <div className={classes.list}>
        {schema.isPending && <Loader size="xs" m="md" />}
        {schema.error !== null && <ProblemView problem={asProblem(schema.error)} compact />}
        {tables.map((table) => (
          <Table
            key={table.name}
            table={table}
            open={isOpen(table.name) || (needle !== '' && tables.length < 4)}
            toggle={() =>
              setOpened((before) => {
                const after = new Set(before);
                if (!after.delete(table.name)) after.add(table.name);
                return after;
              })
            }
            range={range}
            needle={table.name.toLowerCase().includes(needle) ? '' : needle}
            onTable={onTable}
            onFilter={onFilter}
          />
        ))}
        {functions.length > 0 && <div className={classes.heading}>Functions</div>}
        {functions.map((one) => (
          <div key={one.name} className={classes.function}>
            <IconFunction size={14} stroke={1.6} aria-hidden />
            <span>
              <b>{one.name}</b> {one.about}
            </span>
          </div>
        ))}
      </div>
    </aside>
  );
});

interface TableProps {
  table: SchemaTable;
  open: boolean;
  toggle: () => void;
  range: TimeRange;
  needle: string;
  onTable: (table: string) => void;
  onFilter: (table: string, condition: string) => void;
}

function Table({ table, open, toggle, range, needle, onTable, onFilter }: TableProps) {
  const [all, setAll] = useState(false);
  const fill = useQuery({
    queryKey: ['fill', table.name, rangeText(range)],
    enabled: open && table.columns.length > 0,
    staleTime: 120_000,
    retry: false,
    queryFn: async ({ signal }) => {
      const answer = await ask(fillQuery(table.name, table.columns), timespan(range), signal);
      const row = answer.rows[0] ?? [];
      const total = Number(row[0] ?? 0);
      return {
        total,
        filled: table.columns.slice(0, COLUMNS_ASKED_MAX).map((_column, at) => Number(row[at + 1] ?? 0)),
      };
    },
  });
  const rows = table.columns
    .map((column, at) => ({
      column,
      filled:
        fill.data === undefined || fill.data.total === 0
          ? null
          : (fill.data.filled[at] ?? 0) / fill.data.total,
    }))
    .filter(({ column }) => needle === '' || column.name.toLowerCase().includes(needle));
  // A column is empty for sure only where all events were looked at.
  const isPart = fill.data !== undefined && fill.data.total >= FILL_ROWS_MAX;
  const used = isPart ? rows : rows.filter(({ filled }) => filled === null || filled > 0);
  const shown = all || needle !== '' ? rows : used;
  return (
    <section>
      <div className={classes.row}>
        <button
          type="button"
          className={classes.table}
          onClick={toggle}
          aria-expanded={open}
          title={table.about ?? ''}
        >
          <span className={classes.arrow} data-open={open || undefined} aria-hidden />
          <IconTable size={14} stroke={1.6} aria-hidden />
          <span className={classes.tableName}>{table.name}</span>
        </button>
        <Tooltip label={`Ask ${table.name}`}>
          <ActionIcon size={22} onClick={() => onTable(table.name)} aria-label={`ask ${table.name}`}>
            <IconFilter size={13} />
          </ActionIcon>
        </Tooltip>
      </div>
      {open && (
        <div className={classes.columns}>
          {shown.map(({ column, filled }) => (
            <SchemaColumn
              key={column.name}
              table={table.name}
              column={column}
              filled={filled}
              range={range}
              onFilter={onFilter}
            />
          ))}
          {isPart && (
            <div className={classes.note}>Shares of the first {countText(FILL_ROWS_MAX)} events</div>
          )}
          {fill.data !== undefined && !isPart && needle === '' && (
            <Switch
              className={classes.empty}
              label={
                fill.data.total === 0
                  ? 'No events in this time'
                  : `Empty columns too (${rows.length - used.length})`
              }
              checked={all}
              onChange={(event) => setAll(event.currentTarget.checked)}
            />
          )}
        </div>
      )}
    </section>
  );
}
