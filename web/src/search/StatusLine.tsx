// How many rows, in what time, out of how much: one line.
// Deliberately absent: errors.

import { Loader } from '@mantine/core';
import { bytesText, countText, lengthText } from '../time/moment';
import type { Snapshot } from './run';
import classes from './StatusLine.module.css';

export function StatusLine({ snapshot, live }: { snapshot: Snapshot; live: boolean }) {
  const { progress, result, phase } = snapshot;
  const running = phase === 'running';
  const rows = result === null ? 0 : result.rows.length;
  return (
    <div className={classes.line} role="status" aria-live={running ? 'off' : 'polite'}>
      {running && (live ? <span className={classes.pulse} aria-hidden /> : <Loader size={13} />)}
      <span className={classes.rows}>
        <b>{countText(rows)}</b> {rows === 1 ? 'row' : 'rows'}
      </span>
      {live && <span>live</span>}
      {!live && progress.elapsedMs > 0 && <span>{lengthText(progress.elapsedMs / 1000)}</span>}
      {!live && progress.rowsScanned > 0 && (
        <span>
          {countText(progress.rowsScanned)} scanned, {bytesText(progress.bytesScanned)}
        </span>
      )}
      {phase === 'cancelled' && <span className={classes.cancelled}>cancelled</span>}
    </div>
  );
}
