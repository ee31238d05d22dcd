// A value as a tree that opens and closes; each leaf can be included, excluded or copied.
// Deliberately absent: editing, and drawing what nobody opened: a level shows a limited number of members at a time.

import { IconCopy, IconMinus, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { copyText } from '../widgets/copy';
import classes from './JsonTree.module.css';

export type Path = (string | number)[];

export interface TreeActions {
  include: (path: Path, value: unknown) => void;
  exclude: (path: Path, value: unknown) => void;
}

/** Members of one object or array shown before one asks for more. */
const MEMBERS_SHOWN = 200;
/** Characters of one text shown before one asks for more. */
const CHARS_SHOWN = 2_000;
/** Levels that are open from the start. */
const OPEN_LEVELS = 2;

interface Props {
  name: string | number;
  value: unknown;
  path: Path;
  actions: TreeActions | null;
  level?: number;
}

export function JsonTree({ name, value, path, actions, level = 0 }: Props) {
  const branch = typeof value === 'object' && value !== null;
  return branch ? (
    <Branch {...{ name, path, actions, level }} value={value} />
  ) : (
    <Leaf {...{ name, value, path, actions, level }} />
  );
}

function Branch({ name, value, path, actions, level = 0 }: Props & { value: object }) {
  const [open, setOpen] = useState(level < OPEN_LEVELS);
  const [shown, setShown] = useState(MEMBERS_SHOWN);
  const list = Array.isArray(value);
  const members = open ? Object.entries(value) : [];
  const count = list ? value.length : Object.keys(value).length;
  return (
    <div className={classes.branch}>
      <button type="button" className={classes.head} onClick={() => setOpen(!open)} aria-expanded={open}>
        <span className={classes.arrow} data-open={open || undefined} aria-hidden />
        <span className={`${classes.name} foreign`}>{name}</span>
        <span className={classes.size}>{list ? `[${count}]` : `{${count}}`}</span>
      </button>
      {open && (
        <div className={classes.members}>
          {members.slice(0, shown).map(([key, member]) => (
            <JsonTree
              key={key}
              name={list ? Number(key) : key}
              value={member}
              path={[...path, list ? Number(key) : key]}
              actions={actions}
              level={level + 1}
            />
          ))}
          {members.length > shown && (
            <button type="button" className={classes.more} onClick={() => setShown(shown + MEMBERS_SHOWN)}>
              {(members.length - shown).toLocaleString('en')} more
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Leaf({ name, value, path, actions }: Props) {
  const [whole, setWhole] = useState(false);
  const text = typeof value === 'string' ? value : String(value);
  const kind = value === null ? 'null' : typeof value;
  return (
    <div className={classes.leaf}>
      <span className={`${classes.name} foreign`}>{name}</span>
      <span className={`${classes.value} foreign`} data-kind={kind}>
        {whole ? text : text.slice(0, CHARS_SHOWN)}
        {text === '' && <i>empty</i>}
      </span>
      {!whole && text.length > CHARS_SHOWN && (
        <button type="button" className={classes.more} onClick={() => setWhole(true)}>
          {(text.length - CHARS_SHOWN).toLocaleString('en')} more characters
        </button>
      )}
      <span className={classes.actions}>
        {actions !== null && (
          <>
            <button
              type="button"
              title="Include"
              aria-label={`include ${name}`}
              onClick={() => actions.include(path, value)}
            >
              <IconPlus size={12} />
            </button>
            <button
              type="button"
              title="Exclude"
              aria-label={`exclude ${name}`}
              onClick={() => actions.exclude(path, value)}
            >
              <IconMinus size={12} />
            </button>
          </>
        )}
        <button type="button" title="Copy" aria-label={`copy ${name}`} onClick={() => void copyText(text)}>
          <IconCopy size={12} />
        </button>
      </span>
    </div>
  );
}
