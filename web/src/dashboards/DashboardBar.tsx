// What can be done with a dashboard: time, refresh, full screen, share, export, edit.
// Deliberately absent: doing it.

import { ActionIcon, Button, Menu, Select, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconCopy,
  IconDotsVertical,
  IconDownload,
  IconEdit,
  IconLink,
  IconPlus,
  IconRefresh,
  IconSettings,
  IconTrash,
} from '@tabler/icons-react';
import type { Dashboard } from '../api/types.gen';
import type { TimeRange } from '../time/range';
import { TimePicker } from '../time/TimePicker';
import { copyText } from '../widgets/copy';
import { REFRESHES } from './refresh';

interface Edit {
  may: boolean;
  own: boolean;
  on: boolean;
  changed: boolean;
  saving: boolean;
  start: () => void;
  save: () => void;
  leave: () => void;
  settings: () => void;
  add: (kind: string) => void;
  copy: () => void;
  drop: () => void;
}

interface Props {
  dashboard: Dashboard;
  range: TimeRange;
  onRange: (range: TimeRange) => void;
  refresh: number | null;
  onRefresh: (seconds: number) => void;
  again: () => void;
  full: boolean;
  onFull: () => void;
  edit: Edit;
}

function download(dashboard: Dashboard) {
  const link = window.document.createElement('a');
  link.href = URL.createObjectURL(
    new Blob([`${JSON.stringify(dashboard, null, 2)}\n`], { type: 'application/json' }),
  );
  link.download = `${dashboard.title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

export function DashboardBar({
  dashboard,
  range,
  onRange,
  refresh,
  onRefresh,
  again,
  full,
  onFull,
  edit,
}: Props) {
  if (edit.on) return <EditBar edit={edit} />;
  return (
    <>
      <TimePicker range={range} onChange={onRange} />
      <Select
        w={124}
        aria-label="refresh"
        value={String(refresh ?? 0)}
        data={
          REFRESHES.some((one) => one.value === String(refresh ?? 0))
            ? REFRESHES
            : [...REFRESHES, { value: String(refresh), label: `Every ${refresh} s` }]
        }
        onChange={(value) => onRefresh(Number(value))}
        allowDeselect={false}
      />
      <Icon label="Ask again" icon={IconRefresh} onClick={again} />
      <Icon
        label={full ? 'Leave full screen' : 'Full screen'}
        icon={full ? IconArrowsMinimize : IconArrowsMaximize}
        onClick={onFull}
      />
      <Icon
        label="Copy a link to this"
        icon={IconLink}
        onClick={() =>
          void copyText(window.location.href).then((copied) =>
            notifications.show({
              message: copied
                ? 'The link is copied.'
                : 'The browser does not let it be copied: the link stands in its address line.',
            }),
          )
        }
      />
      {edit.may && edit.own && (
        <Button variant="default" leftSection={<IconEdit size={15} />} onClick={edit.start}>
          Edit
        </Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label="more">
            <IconDotsVertical size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconDownload size={14} />} onClick={() => download(dashboard)}>
            Export as JSON
          </Menu.Item>
          {edit.may && (
            <Menu.Item leftSection={<IconCopy size={14} />} onClick={edit.copy}>
              {edit.own ? 'Copy' : 'Copy, to change it'}
            </Menu.Item>
          )}
          {edit.may && edit.own && (
            <Menu.Item leftSection={<IconTrash size={14} />} color="red" onClick={edit.drop}>
              Delete
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

function EditBar({ edit }: { edit: Edit }) {
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconPlus size={15} />}>
            Tile
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => edit.add('timechart')}>Query</Menu.Item>
          <Menu.Item onClick={() => edit.add('card')}>Number</Menu.Item>
          <Menu.Item onClick={() => edit.add('markdown')}>Text</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Icon label="Title, time, parameters" icon={IconSettings} onClick={edit.settings} />
      <Button variant="default" onClick={edit.leave}>
        {edit.changed ? 'Drop changes' : 'Done'}
      </Button>
      {edit.changed && (
        <Button onClick={edit.save} loading={edit.saving}>
          Save
        </Button>
      )}
    </>
  );
}

function Icon({
  label,
  icon: Shape,
  onClick,
}: {
  label: string;
  icon: typeof IconLink;
  onClick: () => void;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon onClick={onClick} aria-label={label.toLowerCase()}>
        <Shape size={17} stroke={1.6} />
      </ActionIcon>
    </Tooltip>
  );
}
