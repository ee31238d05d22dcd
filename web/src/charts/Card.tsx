// `render card`: the numbers of the first row, large, each with its name.
// Deliberately absent: charts.

import { cellText, isNumeric } from '../rows/cell';
import type { PackedRows } from '../rows/packed';
import { countText, useZone } from '../time/moment';
import classes from './Card.module.css';

/** Values side by side. */
const CARDS_MAX = 12;

export function Card({ rows, small = false }: { rows: PackedRows; small?: boolean }) {
  const [zone] = useZone();
  return (
    <div className={classes.cards} data-small={small || undefined}>
      {rows.columns.slice(0, CARDS_MAX).map((column, at) => {
        const cell = rows.at(0, at);
        const text =
          isNumeric(column.type) && typeof cell === 'number'
            ? countText(cell)
            : cellText(cell, column.type, zone);
        return (
          <div key={column.name} className={classes.card}>
            <div className={`${classes.value} foreign`} data-long={text.length > 12 || undefined}>
              {text === '' ? '–' : text}
            </div>
            {(rows.columns.length > 1 || !small) && (
              <div className={`${classes.name} foreign`}>{column.name}</div>
            )}
          </div>
        );
      })}
    </div>
  );
}
