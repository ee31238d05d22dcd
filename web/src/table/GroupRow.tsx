// The header of a group: its value, how many rows it has, and whether they are shown.
// Deliberately absent: the rows.

import { memo } from 'react';
import type { Group } from '../rows/view';
import { countText } from '../time/moment';
import { ROW_PX } from './layout';
import classes from './ResultTable.module.css';

interface Props {
  group: Group;
  top: number;
  position: number;
  open: boolean;
  active: boolean;
  width: number;
  toggle: (key: string) => void;
}

export const GroupRow = memo(function GroupRow({ group, top, position, open, active, width, toggle }: Props) {
  const empty = group.value === null || group.value === '';
  return (
    <div
      role="row"
      aria-rowindex={position + 2}
      aria-expanded={open}
      className={classes.groupRow}
      data-open={open || undefined}
      data-active={active || undefined}
      style={{ transform: `translateY(${top}px)`, height: ROW_PX }}
    >
      <div role="gridcell" className={classes.groupCell} style={{ width }}>
        <button type="button" tabIndex={-1} onClick={() => toggle(group.key)} className={classes.groupButton}>
          <span className={classes.arrow} aria-hidden />
          <span className="foreign">{empty ? 'no value' : String(group.value).slice(0, 200)}</span>
          <span className={classes.groupCount}>{countText(group.count)}</span>
        </button>
      </div>
    </div>
  );
});
