// Edits a tile: its title, what it is drawn as, its query or text.
// Deliberately absent: its place on the grid.

import { Button, Center, Group, Loader, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { Parameter, Tile } from '../api/types.gen';
import { CHARTS } from '../charts/options';
import { Dialog } from '../widgets/Dialog';
import { judged } from './parameters';

const Editor = lazy(() => import('../editor/Editor'));

const KINDS = [
  { value: 'table', label: 'Table' },
  ...CHARTS.map((kind) => ({ value: kind, label: kind })),
  { value: 'card', label: 'Card: one number' },
  { value: 'markdown', label: 'Text' },
];

interface Props {
  tile: Tile;
  parameters: Parameter[];
  save: (tile: Tile) => void;
  close: () => void;
}

export function TileDialog({ tile, parameters, save, close }: Props) {
  const [draft, setDraft] = useState(tile);
  return (
    <Dialog onClose={close} title="Tile" size="xl" closeOnEscape={false}>
      <Stack gap="sm">
        <Group grow align="start">
          <TextInput
            label="Title"
            value={draft.title}
            onChange={(event) => setDraft({ ...draft, title: event.currentTarget.value })}
            data-autofocus
            maxLength={200}
          />
          <Select
            label="Shown as"
            value={draft.kind}
            onChange={(kind) => setDraft({ ...draft, kind: kind ?? 'table' })}
            data={KINDS}
            allowDeselect={false}
          />
        </Group>
        {draft.kind === 'markdown' ? (
          <Textarea
            label="Text"
            description="# headings, - lists, **bold**, `code`, [links](https://…)"
            autosize
            minRows={6}
            maxRows={18}
            value={draft.text ?? ''}
            onChange={(event) => setDraft({ ...draft, text: event.currentTarget.value })}
          />
        ) : (
          <div className="panel" style={{ height: 260, overflow: 'hidden' }}>
            <Suspense
              fallback={
                <Center h="100%">
                  <Loader size="xs" />
                </Center>
              }
            >
              <Editor
                value={draft.query}
                onChange={(query) => setDraft((before) => ({ ...before, query }))}
                onRun={() => save(draft)}
                onFormat={() => undefined}
                onCheck={() => undefined}
                judged={(query) => judged(query, parameters)}
                label="query of the tile"
              />
            </Suspense>
          </div>
        )}
        <Group justify="end">
          <Button variant="default" onClick={close}>
            Leave
          </Button>
          <Button onClick={() => save(draft)}>Take over</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
