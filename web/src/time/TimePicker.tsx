// Chooses the stretch of time: presets, typed lengths, from–until; local time or UTC.
// Deliberately absent: what the choice means (`range`).

import { Button, Divider, Popover, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { IconCalendarTime, IconChevronDown } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { lengthText, parts, shortMoment, useZone, type Zone } from './moment';
import { durationMs, PRESETS, type TimeRange, typedDuration } from './range';
import classes from './TimePicker.module.css';

interface Props {
  range: TimeRange;
  onChange: (range: TimeRange) => void;
  disabled?: boolean;
}

export function rangeLabel(range: TimeRange, zone: Zone): string {
  if (range.kind === 'all') return 'All time';
  if (range.kind === 'absolute') {
    return `${shortMoment(Date.parse(range.from), zone)} – ${shortMoment(Date.parse(range.until), zone)}`;
  }
  const preset = PRESETS.find((preset) => preset.duration === range.duration);
  return preset?.label ?? `Last ${lengthText((durationMs(range.duration) ?? 0) / 1000)}`;
}

/** A moment as `datetime-local` fields write it. */
function fieldText(ms: number, zone: Zone): string {
  const p = parts(ms, zone);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${p.year}-${two(p.month)}-${two(p.day)}T${two(p.hour)}:${two(p.minute)}:${two(p.second)}`;
}

export function TimePicker({ range, onChange, disabled = false }: Props) {
  const [opened, setOpened] = useState(false);
  const [zone, setZone] = useZone();
  function choose(range: TimeRange) {
    setOpened(false);
    onChange(range);
  }
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconCalendarTime size={15} />}
          rightSection={<IconChevronDown size={13} />}
          onClick={() => setOpened((open) => !open)}
          disabled={disabled}
          aria-label={`time: ${rangeLabel(range, zone)}`}
        >
          {rangeLabel(range, zone)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <div className={classes.columns}>
          <div className={classes.presets}>
            {PRESETS.map((preset) => (
              <button
                type="button"
                key={preset.duration}
                data-chosen={(range.kind === 'relative' && range.duration === preset.duration) || undefined}
                onClick={() => choose({ kind: 'relative', duration: preset.duration })}
              >
                {preset.label}
              </button>
            ))}
            <button
              type="button"
              data-chosen={range.kind === 'all' || undefined}
              onClick={() => choose({ kind: 'all' })}
            >
              All time
            </button>
          </div>
          <Stack gap="sm" p="sm" w={230}>
            <Typed choose={choose} />
            <Divider />
            <FromUntil key={zone} range={range} zone={zone} choose={choose} />
            <Divider />
            <SegmentedControl
              fullWidth
              value={zone}
              onChange={(value) => setZone(value === 'utc' ? 'utc' : 'local')}
              data={[
                { value: 'local', label: 'Local time' },
                { value: 'utc', label: 'UTC' },
              ]}
              aria-label="time zone"
            />
          </Stack>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

function Typed({ choose }: { choose: (range: TimeRange) => void }) {
  const [text, setText] = useState('');
  const duration = typedDuration(text);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (duration !== null) choose({ kind: 'relative', duration });
  }
  return (
    <form onSubmit={submit}>
      <TextInput
        label="Last"
        placeholder="90m, 6h, 3d, 2w"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={text !== '' && duration === null ? 'A number and m, h, d or w' : null}
      />
    </form>
  );
}

function FromUntil({
  range,
  zone,
  choose,
}: {
  range: TimeRange;
  zone: Zone;
  choose: (range: TimeRange) => void;
}) {
  const now = Date.now();
  const ends =
    range.kind === 'absolute'
      ? { from: Date.parse(range.from), until: Date.parse(range.until) }
      : {
          from: now - (range.kind === 'relative' ? (durationMs(range.duration) ?? 0) : 86_400_000),
          until: now,
        };
  const [from, setFrom] = useState(fieldText(ends.from, zone));
  const [until, setUntil] = useState(fieldText(ends.until, zone));
  const moment = (text: string) => Date.parse(zone === 'utc' ? `${text}Z` : text);
  const valid = moment(from) < moment(until);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!valid) return;
    choose({
      kind: 'absolute',
      from: new Date(moment(from)).toISOString(),
      until: new Date(moment(until)).toISOString(),
    });
  }
  return (
    <form onSubmit={submit}>
      <Stack gap={6}>
        <TextInput
          type="datetime-local"
          step={1}
          label="From"
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          step={1}
          label="Until"
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
        {!valid && (
          <Text size="xs" c="var(--dl-bad-text)">
            “Until” must be after “From”.
          </Text>
        )}
        <Button type="submit" disabled={!valid}>
          Apply
        </Button>
      </Stack>
    </form>
  );
}
