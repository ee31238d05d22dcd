// An error with its cause and its remedy, and a way to try again.
// Deliberately absent: squiggles in a query (`search/editor`).

import { Button, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { Problem } from '../api/problem';
import classes from './ProblemView.module.css';

interface Props {
  problem: Problem;
  again?: () => void;
  compact?: boolean;
}

function sentence(text: string): string {
  return text === '' ? '' : text.charAt(0).toUpperCase() + text.slice(1);
}

export function ProblemView({ problem, again, compact = false }: Props) {
  return (
    <div className={classes.box} data-compact={compact || undefined} role="alert">
      <IconAlertTriangle size={16} className={classes.icon} aria-hidden />
      <div className={classes.words}>
        <Text size="sm" className="foreign">
          {sentence(problem.message)}
        </Text>
        {problem.parts.map((part) => (
          <Text size="xs" key={`${part.path}${part.message}`} className="foreign">
            {part.path !== undefined && <b>{part.path}: </b>}
            {part.message}
            {part.hint ? `; ${part.hint}` : ''}
          </Text>
        ))}
        {problem.hint !== '' && (
          <Text size="xs" className={`${classes.hint} foreign`}>
            {sentence(problem.hint)}
          </Text>
        )}
      </div>
      {again !== undefined && (
        <Button variant="default" size="compact-xs" onClick={again}>
          Try again
        </Button>
      )}
    </div>
  );
}
