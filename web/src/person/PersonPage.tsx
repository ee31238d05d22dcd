// Who is this, what did they do, from where, and what was done to them? From an e-mail address, a user id or an IP address.
// Deliberately absent: the questions (`questions`) and folding into sessions (`sessions`).

import { Button, TextInput } from '@mantine/core';
import { IconSearch, IconUserSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { ask } from '../api/ask';
import { parseRange, rangeText, timespan } from '../time/range';
import { TimePicker } from '../time/TimePicker';
import { Empty } from '../widgets/Empty';
import { PageHead } from '../widgets/PageHead';
import { Person } from './Person';
import classes from './Person.module.css';

const DEFAULT_TIME = 'P30D';

export default function PersonPage() {
  const [address, setAddress] = useSearchParams();
  const id = address.get('id') ?? '';
  const range = parseRange(address.get('t') ?? DEFAULT_TIME);
  const [typed, setTyped] = useState(id);
  useEffect(() => setTyped(id), [id]);
  function submit(event: FormEvent) {
    event.preventDefault();
    setAddress((before) => {
      before.set('id', typed.trim());
      return before;
    });
  }
  return (
    <>
      <PageHead title={id === '' ? 'Person' : id}>
        <form onSubmit={submit} className={classes.form}>
          <TextInput
            className={classes.typed}
            leftSection={<IconSearch size={15} />}
            placeholder="E-mail, name, user id or IP address"
            aria-label="e-mail, name, user id or IP address"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            data-search-field
          />
          <Button type="submit" disabled={typed.trim() === ''}>
            Look
          </Button>
        </form>
        <TimePicker
          range={range}
          onChange={(range) =>
            setAddress((before) => {
              before.set('t', rangeText(range));
              return before;
            })
          }
        />
      </PageHead>
      {id === '' ? <Suggestions /> : <Person key={id} id={id} range={range} />}
    </>
  );
}

/** Whom one might want to look at. */
const WORTH_A_LOOK = `Logins
| where isnotempty(User)
| summarize Failures = countif(Outcome == "failure"), Logins = countif(Outcome == "success"), Addresses = dcount(Ip) by User, Tenant
| top 12 by Failures`;

function Suggestions() {
  const answer = useQuery({
    queryKey: ['worth a look'],
    queryFn: ({ signal }) => ask(WORTH_A_LOOK, timespan(parseRange('P7D')), signal),
  });
  const rows = answer.data?.rows ?? [];
  return (
    <div className={classes.page}>
      <Empty icon={IconUserSearch} title="Whom do you look for?">
        Type an e-mail address, a name, a user id such as <code>auth0|…</code> or an IP address above.
      </Empty>
      {rows.length > 0 && (
        <section>
          <h2 className={classes.title}>Most failed logins in the last week</h2>
          <div className={classes.people}>
            {rows.map((row) => (
              <Link
                key={`${row[0]} ${row[1]}`}
                to={`/person?id=${encodeURIComponent(String(row[0]))}`}
                className={classes.one}
              >
                <b className="foreign">{String(row[0])}</b>
                <span className="foreign">
                  {String(row[1])}: {String(row[2])} failures, {String(row[3])} logins, {String(row[4])}{' '}
                  addresses
                </span>
              </Link>
            ))}
          </div>
        </section>
      )}
    </div>
  );
}
