// An open row: its columns that have a value, one below the other, or the event as the provider wrote it.
// Deliberately absent: the query; what is clicked is told to the page.

import { ActionIcon, SegmentedControl, Switch, Tooltip } from '@mantine/core';
import { IconCopy } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { cellText } from '../rows/cell';
import type { Cell, PackedRows } from '../rows/packed';
import { useZone } from '../time/moment';
import { copyText } from '../widgets/copy';
import { JsonTree, type Path } from './JsonTree';
import classes from './RowDetail.module.css';

export interface DetailActions {
  choose: (sense: 'include' | 'exclude', column: number, path: Path, value: unknown) => void;
}

interface Props {
  rows: PackedRows;
  row: number;
  actions: DetailActions | null;
}

/** Columns listed; a row with thousands says how many more there are. */
const COLUMNS_SHOWN = 400;

function parsed(cell: Cell, type: string): unknown {
  if (type !== 'dynamic' || typeof cell !== 'string') return cell;
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}

export function RowDetail({ rows, row, actions }: Props) {
  const [zone] = useZone();
  const raw = rows.indexOf('RawEvent');
  const [show, setShow] = useState<'columns' | 'raw'>('columns');
  const [empty, setEmpty] = useState(false);
  const cells = useMemo(
    () =>
      rows.columns
        .map((column, at) => ({ column, at, cell: rows.at(row, at) }))
        .filter(
          ({ column, cell }) =>
            (empty || (cell !== null && cell !== '')) && (column.name !== 'RawEvent' || show === 'raw'),
        ),
    [rows, row, empty, show],
  );
  const whole = () =>
    JSON.stringify(
      Object.fromEntries(
        rows.columns.map((column, at) => [column.name, parsed(rows.at(row, at), column.type)]),
      ),
      null,
      2,
    );
  return (
    <div className={classes.detail}>
      <div className={classes.bar}>
        {raw >= 0 && (
          <SegmentedControl
            size="xs"
            value={show}
            onChange={(value) => setShow(value === 'raw' ? 'raw' : 'columns')}
            data={[
              { value: 'columns', label: 'Columns' },
              { value: 'raw', label: 'Event as written' },
            ]}
            aria-label="what of the row"
          />
        )}
        {show === 'columns' && (
          <Switch
            label="Empty columns too"
            checked={empty}
            onChange={(event) => setEmpty(event.currentTarget.checked)}
          />
        )}
        <Tooltip label="Copy the row as JSON">
          <ActionIcon onClick={() => void copyText(whole())} aria-label="copy the row as JSON">
            <IconCopy size={15} />
          </ActionIcon>
        </Tooltip>
      </div>
      <div className={classes.tree} tabIndex={0} role="group" aria-label="values of the row">
        {show === 'raw' ? (
          <JsonTree
            name="RawEvent"
            value={parsed(rows.at(row, raw), 'dynamic')}
            path={[]}
            actions={actions === null ? null : tree(actions, raw)}
          />
        ) : (
          cells
            .slice(0, COLUMNS_SHOWN)
            .map(({ column, at, cell }) => (
              <JsonTree
                key={at}
                name={column.name}
                value={
                  column.type === 'dynamic'
                    ? parsed(cell, 'dynamic')
                    : column.type === 'datetime'
                      ? cellText(cell, 'datetime', zone)
                      : cell
                }
                path={[]}
                actions={
                  actions === null ? null : tree(actions, at, column.type === 'dynamic' ? undefined : cell)
                }
                level={1}
              />
            ))
        )}
        {show === 'columns' && cells.length > COLUMNS_SHOWN && (
          <p className="quiet">
            {(cells.length - COLUMNS_SHOWN).toLocaleString('en')} more columns; project fewer to see them.
          </p>
        )}
      </div>
    </div>
  );
}

function tree(actions: DetailActions, column: number, cell?: Cell) {
  return {
    include: (path: Path, value: unknown) =>
      actions.choose('include', column, path, cell === undefined ? value : cell),
    exclude: (path: Path, value: unknown) =>
      actions.choose('exclude', column, path, cell === undefined ? value : cell),
  };
}
