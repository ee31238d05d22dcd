// One dashboard: looked at, with its time and parameters in the address, or edited.
// Deliberately absent: what a tile draws (`TileBody`) and the grid (`Grid`).

import { Loader } from '@mantine/core';
import { useFullscreenDocument } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconLayoutDashboard } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import { asProblem } from '../api/problem';
import { useDashboards } from '../api/saved';
import type { Dashboard, Tile } from '../api/types.gen';
import { useMay } from '../app/session';
import { searchUrl } from '../search/url';
import { parseRange, rangeText, timespan } from '../time/range';
import { ConfirmDialog } from '../widgets/ConfirmDialog';
import { Dialog } from '../widgets/Dialog';
import { Empty } from '../widgets/Empty';
import { PageHead } from '../widgets/PageHead';
import { ProblemView } from '../widgets/ProblemView';
import { DashboardBar } from './DashboardBar';
import { addTile } from './document';
import { Grid } from './Grid';
import { settled } from './grid';
import { ParameterBar } from './ParameterBar';
import { parameterKey, substituted, valuesOf } from './parameters';
import { useTick } from './refresh';
import { SettingsDialog } from './SettingsDialog';
import classes from './Tile.module.css';
import { searchQuery, TileBody } from './TileBody';
import { TileDialog } from './TileDialog';
import { useDraft } from './useDraft';

export default function DashboardPage() {
  const { id = '' } = useParams();
  const { loaded, shown, draft, setDraft, save, copy, drop } = useDraft(id);
  const boards = useDashboards();
  const managed = boards.data?.find((one) => one.id === id)?.managed ?? 'content';
  const mayWrite = useMay('analyst');
  const navigate = useNavigate();
  const [address, setAddress] = useSearchParams();
  const [tileEdited, setTileEdited] = useState<Tile | null>(null);
  const [enlarged, setEnlarged] = useState<Tile | null>(null);
  const [settings, setSettings] = useState(false);
  const [removing, setRemoving] = useState(false);
  const { toggle, fullscreen } = useFullscreenDocument();
  const editing = address.get('edit') === '1' && mayWrite && managed === 'user';
  const refresh = address.get('refresh');
  const seconds = refresh === null ? (shown?.refresh_seconds ?? null) : Number(refresh);
  const [tick, again] = useTick(editing ? null : seconds);

  const put = (changes: Record<string, string | null>, replace = true) =>
    setAddress(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [key, value] of Object.entries(changes)) {
          if (value === null) after.delete(key);
          else after.set(key, value);
        }
        return after;
      },
      { replace },
    );
  const range = useMemo(() => parseRange(address.get('t') ?? shown?.timespan), [address, shown?.timespan]);
  const values = useMemo(() => valuesOf(shown?.parameters ?? [], address), [shown?.parameters, address]);

  if (shown === null) {
    return (
      <>
        <PageHead title="Dashboard" />
        <div className={classes.canvas}>
          {loaded.error === null ? (
            <Loader size="sm" />
          ) : (
            <ProblemView problem={asProblem(loaded.error)} again={() => void loaded.refetch()} />
          )}
        </div>
      </>
    );
  }
  const change = (next: Dashboard) => setDraft(next);
  const query = (tile: Tile) => substituted(tile.query, shown.parameters, values);
  const body = (tile: Tile) => (
    <TileBody tile={tile} query={query(tile)} timespan={timespan(range)} tick={tick} />
  );
  const problem = save.error ?? copy.error;

  async function stop(keep: boolean) {
    if (keep && draft !== null) await save.mutateAsync({ ...draft, tiles: settled(draft.tiles) });
    else setDraft(null);
    put({ edit: null });
  }

  return (
    <>
      <PageHead title={shown.title} about={shown.about}>
        <DashboardBar
          dashboard={shown}
          range={range}
          onRange={(range) => put({ t: rangeText(range) }, false)}
          refresh={seconds}
          onRefresh={(value) => put({ refresh: String(value) })}
          again={again}
          full={fullscreen}
          onFull={() => {
            put({ full: fullscreen ? null : '1' });
            void toggle();
          }}
          edit={{
            may: mayWrite,
            own: managed === 'user',
            on: editing,
            changed: draft !== null,
            start: () => put({ edit: '1' }),
            save: () => void stop(true).catch(() => undefined),
            leave: () => void stop(false),
            saving: save.isPending,
            settings: () => setSettings(true),
            add: (kind) => {
              const next = addTile(shown, { title: kind === 'markdown' ? '' : 'New tile', kind });
              change(next);
              setTileEdited(next.tiles.at(-1) ?? null);
            },
            copy: () =>
              copy.mutate(shown, { onSuccess: (made) => void navigate(`/dashboards/${made}?edit=1`) }),
            drop: () => setRemoving(true),
          }}
        />
      </PageHead>
      {problem !== null && (
        <div className={classes.bar}>
          <ProblemView problem={asProblem(problem)} />
        </div>
      )}
      {shown.parameters.length > 0 && (
        <div className={classes.bar}>
          <ParameterBar
            parameters={shown.parameters}
            values={values}
            timespan={timespan(range)}
            onValue={(name, value) => put({ [parameterKey(name)]: value })}
          />
        </div>
      )}
      <div className={classes.canvas}>
        {shown.tiles.length === 0 ? (
          <Empty icon={IconLayoutDashboard} title="No tiles yet">
            {editing
              ? 'Add one above, or pin a query from Search.'
              : 'Edit the dashboard to add some, or pin a query from Search.'}
          </Empty>
        ) : (
          <Grid
            tiles={shown.tiles}
            editing={editing}
            onTiles={(tiles) => change({ ...shown, tiles })}
            body={body}
            actions={{
              search: (tile) =>
                void navigate(searchUrl({ query: searchQuery(tile, query(tile)), time: rangeText(range) })),
              enlarge: setEnlarged,
              edit: setTileEdited,
              copy: (tile) => change(addTile(shown, { ...tile, title: tile.title })),
              drop: (tile) => change({ ...shown, tiles: shown.tiles.filter((one) => one.id !== tile.id) }),
            }}
          />
        )}
      </div>
      {tileEdited !== null && (
        <TileDialog
          tile={tileEdited}
          parameters={shown.parameters}
          close={() => setTileEdited(null)}
          save={(tile) => {
            change({ ...shown, tiles: shown.tiles.map((one) => (one.id === tile.id ? tile : one)) });
            setTileEdited(null);
            notifications.clean();
          }}
        />
      )}
      {settings && (
        <SettingsDialog
          dashboard={shown}
          close={() => setSettings(false)}
          save={(next) => {
            change(next);
            setSettings(false);
          }}
        />
      )}
      {removing && (
        <ConfirmDialog
          title={`Remove “${shown.title}”?`}
          busy={drop.isPending}
          error={drop.error}
          confirm={() => drop.mutate(undefined, { onSuccess: () => void navigate('/dashboards') })}
          close={() => setRemoving(false)}
        >
          Nobody here will find it any more, and links to it lead nowhere. What it shows stays where it is.
        </ConfirmDialog>
      )}
      <Dialog opened={enlarged !== null} onClose={() => setEnlarged(null)} title={enlarged?.title} size="90%">
        {enlarged !== null && <div style={{ height: '72vh' }}>{body(enlarged)}</div>}
      </Dialog>
    </>
  );
}
