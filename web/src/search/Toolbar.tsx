// What can be done with the query: run, cancel, time, rows, live, format, history, save, share, pin, export.
// Deliberately absent: doing it; each has its own file.

import { ActionIcon, Button, Kbd, Select, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import {
  IconBroadcast,
  IconDeviceFloppy,
  IconEraser,
  IconIndentIncrease,
  IconLink,
  IconPin,
  IconPlayerPlayFilled,
  IconPlayerStopFilled,
} from '@tabler/icons-react';
import { useMay } from '../app/session';
import { countText } from '../time/moment';
import { TimePicker } from '../time/TimePicker';
import { copyText } from '../widgets/copy';
import { ExportMenu } from './ExportMenu';
import { PastQueries } from './PastQueries';
import { PinDialog } from './PinDialog';
import { SaveDialog } from './SaveDialog';
import classes from './Toolbar.module.css';
import { ROWS_CHOICES } from './url';
import { type Search, usePhase } from './useSearch';

export function Toolbar({ search, format, errors }: { search: Search; format: () => void; errors: number }) {
  const { state, go, text } = search;
  const [saving, { open: save, close: saved }] = useDisclosure();
  const [pinning, { open: pin, close: pinned }] = useDisclosure();
  const mayWrite = useMay('analyst');
  const running = usePhase() === 'running';

  async function share() {
    const copied = await copyText(window.location.href);
    notifications.show({
      message: copied
        ? 'The link is copied: whoever may sign in here sees the same.'
        : 'The browser does not let it be copied: the link stands in its address line.',
    });
  }

  return (
    <div className={classes.bar}>
      {running ? (
        <Button
          color="red"
          variant="light"
          leftSection={<IconPlayerStopFilled size={13} />}
          onClick={state.live ? () => go({ live: false }) : search.cancel}
        >
          {state.live ? 'Stop' : 'Cancel'}
        </Button>
      ) : (
        <Button
          leftSection={<IconPlayerPlayFilled size={13} />}
          onClick={() => search.runText(null)}
          disabled={text.trim() === ''}
        >
          Run
        </Button>
      )}
      <span className={classes.hint}>
        <Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">Enter</Kbd>
      </span>
      <TimePicker range={state.range} onChange={(range) => go({ range })} disabled={state.live} />
      <Select
        w={118}
        aria-label="rows at most"
        value={String(state.rows)}
        onChange={(value) => go({ rows: Number(value) })}
        data={ROWS_CHOICES.map((rows) => ({ value: String(rows), label: `${countText(rows)} rows` }))}
        allowDeselect={false}
        disabled={state.live}
      />
      <Tooltip label="New events as they come in">
        <Button
          variant={state.live ? 'light' : 'default'}
          color={state.live ? 'green' : 'gray'}
          leftSection={<IconBroadcast size={15} />}
          onClick={() =>
            go({ live: !state.live, query: text.trim() === '' ? 'Auth0Logs_CL' : text, view: 'table' }, true)
          }
          aria-pressed={state.live}
        >
          Live
        </Button>
      </Tooltip>
      {errors > 0 && (
        <span className={classes.errors} role="status">
          {errors === 1 ? '1 error' : `${errors} errors`}
        </span>
      )}
      <div className={classes.grow} />
      <Icon
        label="Format (Shift+Alt+F)"
        icon={IconIndentIncrease}
        onClick={format}
        disabled={text.trim() === ''}
      />
      <PastQueries open={(query, range) => go({ query, range }, true)} />
      <Icon label="Save" icon={IconDeviceFloppy} onClick={save} disabled={text.trim() === '' || !mayWrite} />
      <Icon label="Copy a link to this" icon={IconLink} onClick={() => void share()} />
      <Icon
        label="Pin to a dashboard"
        icon={IconPin}
        onClick={pin}
        disabled={text.trim() === '' || !mayWrite}
      />
      <ExportMenu query={state.query === '' ? text : state.query} range={state.range} />
      <Icon label="Start anew" icon={IconEraser} onClick={search.clear} />
      <SaveDialog opened={saving} close={saved} query={text} range={state.range} />
      <PinDialog opened={pinning} close={pinned} query={text} />
    </div>
  );
}

interface IconProps {
  label: string;
  icon: typeof IconLink;
  onClick: () => void;
  disabled?: boolean;
}

function Icon({ label, icon: Shape, onClick, disabled = false }: IconProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon onClick={onClick} disabled={disabled} aria-label={label.toLowerCase()}>
        <Shape size={17} stroke={1.6} />
      </ActionIcon>
    </Tooltip>
  );
}
