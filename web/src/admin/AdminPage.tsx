// Who may do what here: people, tokens of programs, and what was done. For administrators.
// Deliberately absent: one's own password (`app/PasswordDialog`).

import { Tabs } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { useMay } from '../app/session';
import { Empty } from '../widgets/Empty';
import { PageHead } from '../widgets/PageHead';
import classes from './Admin.module.css';
import { Audit } from './Audit';
import { Tokens } from './Tokens';
import { Users } from './Users';

export default function AdminPage() {
  const [address, setAddress] = useSearchParams();
  const may = useMay('administrator');
  if (!may) return <Empty title="For administrators">Ask one to change what you may do.</Empty>;
  return (
    <>
      <PageHead
        title="Access"
        about="A viewer asks and reads; an analyst also saves and exports; an administrator does everything."
      />
      <div className={classes.page}>
        <Tabs
          value={address.get('tab') ?? 'people'}
          onChange={(tab) => setAddress({ tab: tab ?? 'people' }, { replace: true })}
          keepMounted={false}
        >
          <Tabs.List mb="md">
            <Tabs.Tab value="people">People</Tabs.Tab>
            <Tabs.Tab value="tokens">Tokens</Tabs.Tab>
            <Tabs.Tab value="audit">Audit</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="people">
            <Users />
          </Tabs.Panel>
          <Tabs.Panel value="tokens">
            <Tokens />
          </Tabs.Panel>
          <Tabs.Panel value="audit">
            <Audit />
          </Tabs.Panel>
        </Tabs>
      </div>
    </>
  );
}
