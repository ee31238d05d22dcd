// One column of the schema tree: name, type, fill rate; opened, its most frequent values with a click to include or exclude.
// Deliberately absent: the rest of the tree.

import { Loader } from '@mantine/core';
import { IconMinus, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/ask';
import type { Column } from '../api/types.gen';
import { condition } from '../kql/filter';
import { topQuery } from '../kql/questions';
import { cellText } from '../rows/cell';
import type { Cell } from '../rows/packed';
import { briefCount, useZone } from '../time/moment';
import { rangeText, type TimeRange, timespan } from '../time/range';
import classes from './SchemaTree.module.css';

interface Props {
  table: string;
  column: Column;
  /** Share of rows with a value, 0 to 1; `null` while unknown. */
  filled: number | null;
  range: TimeRange;
  onFilter: (table: string, condition: string) => void;
}

const TYPES: Record<string, string> = {
  string: 'Aa',
  datetime: '◷',
  dynamic: '{}',
  bool: '✓',
  long: '12',
  int: '12',
  real: '1.2',
  decimal: '1.2',
  timespan: '⧖',
  guid: 'id',
};

function percent(filled: number): string {
  if (filled > 0 && filled < 0.01) return '<1 %';
  return `${Math.floor(filled * 100)} %`;
}

export function SchemaColumn({ table, column, filled, range, onFilter }: Props) {
  const [open, setOpen] = useState(false);
  const [zone] = useZone();
  const top = useQuery({
    queryKey: ['top', table, column.name, rangeText(range)],
    enabled: open,
    staleTime: 120_000,
    retry: false,
    queryFn: ({ signal }) => ask(topQuery(table, column), timespan(range), signal),
  });
  const most = Number(top.data?.rows[0]?.[1] ?? 1);
  const type = column.type === 'dynamic' ? 'string' : column.type;
  const choose = (value: unknown, sense: 'include' | 'exclude') => {
    const text = condition(column.name, column.type, value, sense);
    if (text !== null) onFilter(table, text);
  };
  return (
    <div>
      <button
        type="button"
        className={classes.column}
        onClick={() => setOpen(!open)}
        aria-expanded={open}
        title={`${column.name}: ${column.type}`}
      >
        <span className={classes.kind} aria-hidden>
          {TYPES[column.type] ?? '?'}
        </span>
        <span className={classes.columnName}>{column.name}</span>
        {filled !== null && (
          <span className={classes.fill} title={`${percent(filled)} of the events have a value`}>
            {percent(filled)}
          </span>
        )}
      </button>
      {open && (
        <div className={classes.values}>
          {top.isPending && <Loader size={12} m={6} />}
          {top.error !== null && <div className="quiet">no values: {top.error.message}</div>}
          {top.data?.rows.length === 0 && <div className="quiet">no values in this time</div>}
          {top.data?.rows.map((row) => {
            const text = cellText(row[0] as Cell, type, zone);
            return (
              <div className={classes.value} key={String(row[0])}>
                <span
                  className={classes.share}
                  style={{ width: `${(Number(row[1]) / most) * 100}%` }}
                  aria-hidden
                />
                <button
                  type="button"
                  className={classes.valueName}
                  title={text}
                  onClick={() => choose(row[0], 'include')}
                >
                  <span className="foreign">{text.slice(0, 80)}</span>
                </button>
                <span className={classes.count}>{briefCount(Number(row[1]))}</span>
                <button
                  type="button"
                  className={classes.pick}
                  onClick={() => choose(row[0], 'include')}
                  aria-label={`include ${text.slice(0, 60)}`}
                >
                  <IconPlus size={12} />
                </button>
                <button
                  type="button"
                  className={classes.pick}
                  onClick={() => choose(row[0], 'exclude')}
                  aria-label={`exclude ${text.slice(0, 60)}`}
                >
                  <IconMinus size={12} />
                </button>
              </div>
            );
          })}
        </div>
      )}
    </div>
  );
}
