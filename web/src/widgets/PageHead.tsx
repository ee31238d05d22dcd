// The head of a page: its title, a line about it, and what can be done with the whole of it.
// Deliberately absent: the frame (`app/Shell`).

import { Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import classes from './PageHead.module.css';

interface Props {
  title: string;
  about?: ReactNode;
  children?: ReactNode;
}

export function PageHead({ title, about, children }: Props) {
  useDocumentTitle(`${title} – doorledger`);
  return (
    <header className={classes.head}>
      <div className={classes.words}>
        <Title order={1} className="foreign">
          {title}
        </Title>
        {about !== undefined && (
          <Text size="sm" c="dimmed" component="div">
            {about}
          </Text>
        )}
      </div>
      <div className={classes.actions}>{children}</div>
    </header>
  );
}
