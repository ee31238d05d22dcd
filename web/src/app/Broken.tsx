// A page that does not exist, or that broke: said in words, with a way on.
// Deliberately absent: errors of requests (`widgets/ProblemView`).

import { Anchor, Button, Group } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import { Link, useRouteError } from 'react-router';
import { Empty } from '../widgets/Empty';

export function Broken({ missing = false }: { missing?: boolean }) {
  const error = useRouteError();
  if (missing) {
    return (
      <Empty icon={IconMapOff} title="There is no such page">
        The address may be mistyped, or the link is of another version.{' '}
        <Anchor component={Link} to="/search">
          Go to Search
        </Anchor>
      </Empty>
    );
  }
  return (
    <Empty icon={IconMapOff} title="This page broke">
      <p className="mono">{error instanceof Error ? error.message : String(error)}</p>
      <Group justify="center">
        <Button onClick={() => window.location.reload()}>Load it again</Button>
        <Button variant="default" component="a" href="/search">
          Go to Search
        </Button>
      </Group>
    </Empty>
  );
}
