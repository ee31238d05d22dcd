// What a test found: a line for each check, with what is missing and what to do about it.
// Deliberately absent: testing; the server does.

import { Text } from '@mantine/core';
import { Fragment } from 'react';
import type { TestCheck } from '../api/types.gen';
import { Lamp, type Tone } from '../widgets/Lamp';
import classes from './Registry.module.css';

const TONES: Record<TestCheck['state'], Tone> = { ok: 'good', warning: 'warn', failed: 'bad' };

export function Checks({ checks }: { checks: TestCheck[] }) {
  const failed = checks.filter((check) => check.state === 'failed').length;
  return (
    <section className={classes.checks} aria-label="what the test found" role="status">
      <Text size="sm" fw={600}>
        {failed === 0 ? 'It works.' : `${failed} of ${checks.length} checks failed.`}
      </Text>
      {checks.map((check) => (
        <div key={check.name} className={classes.check}>
          <Lamp tone={TONES[check.state]}>{check.name.replaceAll('_', ' ')}</Lamp>
          <div className="foreign">
            <Words text={check.message} />
            {check.hint && (
              <div className="quiet">
                <Words text={check.hint} />
              </div>
            )}
          </div>
        </div>
      ))}
    </section>
  );
}

/** A text in which names of fields and commands stand between backticks. */
function Words({ text }: { text: string }) {
  const names = [...text.matchAll(/`([^`]+)`/g)];
  const between = text.split(/`[^`]+`/);
  return between.map((words, at) => (
    <Fragment key={between.slice(0, at + 1).join('`')}>
      {words}
      {names[at] !== undefined && <code>{names[at][1]}</code>}
    </Fragment>
  ));
}
