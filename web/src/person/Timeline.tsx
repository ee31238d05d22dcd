// Sessions below each other, newest first, by days; quiet lines are folded into one.
// Deliberately absent: the words (`sessions`).

import { Badge, Button } from '@mantine/core';
import { IconDeviceLaptop, IconMapPin } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { clockText, dayText, lengthText, useZone } from '../time/moment';
import classes from './Person.module.css';
import type { Line, Session } from './sessions';

const SHOWN = 40;

export function Timeline({ sessions, address }: { sessions: Session[]; address: boolean }) {
  const [zone] = useZone();
  const [shown, setShown] = useState(SHOWN);
  let day = '';
  return (
    <ol className={classes.timeline}>
      {sessions.slice(0, shown).map((session) => {
        const today = dayText(session.from, zone);
        const fresh = today !== day;
        day = today;
        return (
          <li key={`${session.from}${session.events}`}>
            {fresh && <h3 className={classes.day}>{today}</h3>}
            <One session={session} address={address} />
          </li>
        );
      })}
      {sessions.length > shown && (
        <Button variant="default" onClick={() => setShown(shown + SHOWN)}>
          {sessions.length - shown} older sessions
        </Button>
      )}
    </ol>
  );
}

function One({ session, address }: { session: Session; address: boolean }) {
  const [zone] = useZone();
  const [open, setOpen] = useState(false);
  const loud = session.lines.filter((line) => !line.quiet);
  const quiet = session.lines.filter((line) => line.quiet);
  const length = (session.until - session.from) / 1000;
  return (
    <article className={classes.session} data-bad={session.failures > 0 || undefined}>
      <header className={classes.head}>
        <b>{clockText(session.from, zone)}</b>
        {length >= 60 && <span>for {lengthText(length)}</span>}
        {session.places.length > 0 && (
          <span className="foreign">
            <IconMapPin size={13} aria-hidden /> {session.places.slice(0, 3).join('; ')}
          </span>
        )}
        {!address &&
          session.ips.slice(0, 2).map((ip) => (
            <Link key={ip} to={`/person?id=${encodeURIComponent(ip)}`} className="mono">
              {ip}
            </Link>
          ))}
        {session.devices.length > 0 && (
          <span className="foreign">
            <IconDeviceLaptop size={13} aria-hidden /> {session.devices.slice(0, 2).join(', ')}
          </span>
        )}
        {session.fresh.map((text) => (
          <Badge
            key={text}
            color="orange"
            variant="light"
            tt="none"
            size="sm"
            className={classes.fresh ?? ''}
          >
            {text}
          </Badge>
        ))}
        <span className={classes.tenants}>{session.tenants.join(', ')}</span>
      </header>
      <ul className={classes.lines}>
        {loud.map((line) => (
          <Said key={`${line.at}${line.text}`} line={line} />
        ))}
        {open && quiet.map((line) => <Said key={`${line.at}${line.text}`} line={line} />)}
      </ul>
      {quiet.length > 0 && (
        <button type="button" className={classes.quiet} onClick={() => setOpen(!open)} aria-expanded={open}>
          {open ? 'fold' : summary(quiet)}
        </button>
      )}
    </article>
  );
}

function summary(lines: Line[]): string {
  const count = lines.reduce((sum, line) => sum + line.count, 0);
  return count === 1 ? '1 token or silent renewal' : `${count} tokens and silent renewals`;
}

function Said({ line }: { line: Line }) {
  const [zone] = useZone();
  return (
    <li data-tone={line.tone} data-quiet={line.quiet || undefined}>
      <time dateTime={new Date(line.at).toISOString()}>{clockText(line.at, zone)}</time>
      <span className="foreign">
        {line.quiet && line.count > 1 ? `${line.count} ${line.text}` : line.text}
        {!line.quiet && line.count > 1 && <b> {line.count}×</b>}
      </span>
    </li>
  );
}
