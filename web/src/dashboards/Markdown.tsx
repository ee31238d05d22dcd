// Text of a tile: headings, lists, bold, code and links. Everything else stays as it was written; nothing becomes markup.
// Deliberately absent: HTML, images, and anything that would ask another server.

import { Fragment, type ReactNode } from 'react';
import classes from './Tile.module.css';

const INLINE = /(\*\*[^*\n]+\*\*|`[^`\n]+`|\[[^\]\n]+\]\((?:https?:\/\/|\/)[^)\s]+\))/g;

function inline(text: string): ReactNode[] {
  return text.split(INLINE).map((part, at) => {
    const key = `${at}`;
    if (part.startsWith('**')) return <b key={key}>{part.slice(2, -2)}</b>;
    if (part.startsWith('`')) return <code key={key}>{part.slice(1, -1)}</code>;
    const link = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part);
    if (link === null) return <Fragment key={key}>{part}</Fragment>;
    return (
      <a key={key} href={link[2]} rel="noreferrer noopener">
        {link[1]}
      </a>
    );
  });
}

export function Markdown({ text }: { text: string }) {
  const blocks: ReactNode[] = [];
  let list: ReactNode[] = [];
  const close = () => {
    if (list.length > 0) blocks.push(<ul key={`l${blocks.length}`}>{list}</ul>);
    list = [];
  };
  for (const line of text.split('\n')) {
    const item = /^\s*[-*]\s+(.*)$/.exec(line);
    if (item !== null) {
      list.push(<li key={list.length}>{inline(item[1] ?? '')}</li>);
      continue;
    }
    close();
    const heading = /^#{1,4}\s+(.*)$/.exec(line);
    if (heading !== null) blocks.push(<h3 key={blocks.length}>{inline(heading[1] ?? '')}</h3>);
    else if (line.trim() !== '') blocks.push(<p key={blocks.length}>{inline(line)}</p>);
  }
  close();
  return <div className={classes.markdown}>{blocks}</div>;
}
