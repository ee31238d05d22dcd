// A small table of what is known, some dozens of lines: real table markup, one look on every page.
// Deliberately absent: results of queries (`table/ResultTable`).

import { Fragment, type ReactNode } from 'react';
import classes from './DataTable.module.css';

export interface Field<T> {
  title: string;
  cell: (row: T) => ReactNode;
  number?: boolean;
  width?: number | string;
}

interface Props<T> {
  label: string;
  rows: T[];
  fields: Field<T>[];
  id: (row: T) => string;
  /** A line below a row, over its whole width; nothing for none. */
  below?: (row: T) => ReactNode;
}

export function DataTable<T>({ label, rows, fields, id, below }: Props<T>) {
  return (
    <table className={classes.table} aria-label={label}>
      <thead>
        <tr>
          {fields.map((field) => (
            <th
              key={field.title}
              data-number={field.number || undefined}
              style={{ width: field.width }}
              scope="col"
            >
              {field.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const more = below?.(row);
          return (
            <Fragment key={id(row)}>
              <tr data-more={Boolean(more) || undefined}>
                {fields.map((field) => (
                  <td key={field.title} data-number={field.number || undefined}>
                    {field.cell(row)}
                  </td>
                ))}
              </tr>
              {more ? (
                <tr className={classes.below}>
                  <td colSpan={fields.length}>{more}</td>
                </tr>
              ) : null}
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}
