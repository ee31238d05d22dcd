// The page about one person or address: accounts, sessions, what is usual, changes.
// Deliberately absent: the box to type into (`PersonPage`).

import { Anchor, Badge, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { type Answer, ask, objects } from '../api/ask';
import { asProblem } from '../api/problem';
import { agoText, countText } from '../time/moment';
import type { TimeRange } from '../time/range';
import { Empty } from '../widgets/Empty';
import { Panel } from '../widgets/Panel';
import { ProblemView } from '../widgets/ProblemView';
import { AsKql } from './AsKql';
import { Changes } from './Changes';
import { Facts } from './Facts';
import { Happened } from './Happened';
import { Hours } from './Hours';
import classes from './Person.module.css';
import { accountsQuery, condition, isAddress, type Known, namesakesQuery } from './questions';

function known(answer: Answer | undefined): Known[] {
  if (answer === undefined) return [];
  return objects(answer).map((row) => ({
    provider: String(row.Provider ?? ''),
    tenant: String(row.Tenant ?? ''),
    user: String(row.User ?? ''),
    userId: String(row.UserId ?? ''),
    events: Number(row.Events ?? 0),
    first: String(row.First ?? ''),
    last: String(row.Last ?? ''),
  }));
}

export function Person({ id, range }: { id: string; range: TimeRange }) {
  const accounts = useQuery({
    queryKey: ['accounts', id],
    queryFn: ({ signal }) => ask(accountsQuery(id), undefined, signal),
  });
  const all = useMemo(() => known(accounts.data), [accounts.data]);
  const namesakes = useQuery({
    queryKey: ['namesakes', id],
    enabled: !isAddress(id),
    queryFn: ({ signal }) => ask(namesakesQuery(id), undefined, signal),
  });
  const where = condition(id, all);
  const ready = accounts.data !== undefined;
  const { error } = accounts;
  if (error !== null) {
    return (
      <div className={classes.page}>
        <ProblemView problem={asProblem(error)} again={() => void accounts.refetch()} />
      </div>
    );
  }
  if (!ready) return <Loader size="sm" m={24} />;
  const others = known(namesakes.data).filter(
    (one) => !all.some((two) => two.user === one.user && two.tenant === one.tenant),
  );
  return (
    <div className={classes.page}>
      <Accounts id={id} accounts={all} others={others} range={range} />
      <div className={classes.columns}>
        <Happened id={id} where={where} range={range} />
        <div className={classes.side}>
          <Hours where={where} range={range} />
          {isAddress(id) && <Facts title="People" fact="User" where={where} range={range} />}
          <Facts title="Countries" fact="Country" where={where} range={range} />
          {!isAddress(id) && <Facts title="Addresses" fact="Ip" where={where} range={range} />}
          <Facts title="Applications" fact="Application" where={where} range={range} />
          <Facts title="Devices" fact="Device" where={where} range={range} />
        </div>
      </div>
      <Changes id={id} accounts={isAddress(id) ? [] : all} range={range} />
    </div>
  );
}

function Accounts({
  id,
  accounts,
  others,
  range,
}: {
  id: string;
  accounts: Known[];
  others: Known[];
  range: TimeRange;
}) {
  const now = Date.now();
  return (
    <Panel
      title={isAddress(id) ? 'Seen at this address' : 'Accounts'}
      note={accounts.length > 1 && !isAddress(id) ? 'belong together by the same name or id' : undefined}
      actions={<AsKql query={accountsQuery(id)} range={range} />}
    >
      {accounts.length === 0 ? (
        <Empty title="Nobody of this name, id or address">
          Look at the spelling; part of a name can be searched for on the Search page.
        </Empty>
      ) : (
        <ul className={classes.accounts}>
          {accounts.slice(0, 12).map((one) => (
            <li key={`${one.provider}${one.tenant}${one.user}${one.userId}`}>
              <Badge variant="light" tt="none">
                {one.provider}/{one.tenant}
              </Badge>
              <b className="foreign">{one.user || one.userId}</b>
              <code className="foreign">{one.userId}</code>
              <span className="quiet">
                {countText(one.events)} events, first {agoText(one.first, now)}, last {agoText(one.last, now)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <p className={classes.others}>
          Perhaps the same, for the name is alike:{' '}
          {others.map((one, at) => (
            <span key={`${one.tenant}${one.user}`}>
              {at > 0 && ', '}
              <Anchor
                component={Link}
                to={`/person?id=${encodeURIComponent(one.user)}`}
                size="sm"
                underline="always"
                className="foreign"
              >
                {one.user}
              </Anchor>{' '}
              ({one.provider}/{one.tenant})
            </span>
          ))}
        </p>
      )}
    </Panel>
  );
}
