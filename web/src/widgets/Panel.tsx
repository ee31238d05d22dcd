// A titled surface on a page.
// Deliberately absent: tiles of dashboards, which are moved about.

import type { ReactNode } from 'react';
import classes from './Panel.module.css';

interface Props {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Children reach the edges, as tables do. */
  flush?: boolean;
}

export function Panel({ title, note, actions, children, flush = false }: Props) {
  return (
    <section className={classes.panel} aria-label={title}>
      <div className={classes.head}>
        <h2>{title}</h2>
        {note !== undefined && <span className={classes.note}>{note}</span>}
        <div className={classes.actions}>{actions}</div>
      </div>
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}
