// The questions that the page itself asks, as KQL that a person can read and run: histogram, fill rates, top values.
// Deliberately absent: sending them (`api/ask`).

import type { Column } from '../api/types.gen';
import { nameText } from './literal';

/** Columns looked at in one question; a table with thousands of them is asked in parts. */
export const COLUMNS_ASKED_MAX = 200;
/** Events in which values are counted: enough to tell what is usual, and few enough not to be felt beside a query. */
export const FILL_ROWS_MAX = 20_000;
/** Values listed for a column. */
export const TOP_VALUES = 10;

/** Columns that say how an event ended. */
const OUTCOMES = ['EventOutcome', 'Outcome'];

/** Events over time, split by how they ended where the table tells. */
export function histogramQuery(events: string, step: string, columns: Column[]): string {
  const outcome = OUTCOMES.find((name) =>
    columns.some((column) => column.name === name && column.type === 'string'),
  );
  const by = `bin(TimeGenerated, ${step})${outcome === undefined ? '' : `, EventOutcome = ${outcome}`}`;
  return `${events}\n| summarize Events = count() by ${by}`;
}

/** For each column the number of rows in which it has a value, after how many rows were looked at. */
export function fillQuery(table: string, columns: Column[]): string {
  const filled = columns
    .slice(0, COLUMNS_ASKED_MAX)
    .map((column, at) => `f${at} = countif(isnotempty(${nameText(column.name)}))`);
  return `${nameText(table)}\n| take ${FILL_ROWS_MAX}\n| summarize rows_ = count(), ${filled.join(', ')}`;
}

/** The most frequent values of a column, with their counts. */
export function topQuery(table: string, column: Column, count = TOP_VALUES): string {
  const name = nameText(column.name);
  const value = column.type === 'dynamic' ? `tostring(${name})` : name;
  return `${nameText(table)}\n| where isnotempty(${name})\n| summarize Events = count() by Value = ${value}\n| top ${count} by Events`;
}

/** The first look at a table: its newest rows. */
export function newest(table: string): string {
  return `${nameText(table)}\n| top 1000 by TimeGenerated desc`;
}
