// A label and a text to be pasted elsewhere, with a button that copies it.
// Deliberately absent: what the text is.

import { ActionIcon, Code, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import classes from './Registry.module.css';

export function CopyLine({ label, value }: { label: string; value: string }) {
  return (
    <div className={classes.line}>
      <span className="quiet">{label}</span>
      <Code className="foreign">{value}</Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon onClick={copy} aria-label={`copy the ${label}`}>
              {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </div>
  );
}
