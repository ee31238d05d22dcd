// A place with nothing in it yet: what would be here, and what to do next.
// Deliberately absent: errors (`ProblemView`).

import { Stack, Text } from '@mantine/core';
import type { ComponentType, ReactNode } from 'react';

interface Props {
  icon?: ComponentType<{ size?: number; stroke?: number }>;
  title: string;
  children?: ReactNode;
}

export function Empty({ icon: Icon, title, children }: Props) {
  return (
    <Stack align="center" justify="center" gap={6} p="xl" h="100%" mih={160} ta="center">
      {Icon !== undefined && (
        <span className="quiet">
          <Icon size={30} stroke={1.3} />
        </span>
      )}
      <Text fw={600} size="sm">
        {title}
      </Text>
      <Text size="sm" c="dimmed" maw={460} component="div">
        {children}
      </Text>
    </Stack>
  );
}
