// Events over time above the result; a stretch is chosen by dragging, or with the arrow keys and Enter.
// Deliberately absent: asking (`useHistogram`).

import { type KeyboardEvent, type PointerEvent, useState } from 'react';
import { countText, shortMoment, useZone } from '../time/moment';
import type { TimeRange } from '../time/range';
import classes from './Histogram.module.css';
import { type Bar, type Bars, brushed, ticks } from './histogram';

interface Props {
  bars: Bars | null;
  busy: boolean;
  onRange: (range: TimeRange) => void;
}

const HEIGHT = 100;
/** A label further right would be cut off. */
const LABEL_SHARE_MAX = 0.94;

export function Histogram({ bars, busy, onRange }: Props) {
  const [zone] = useZone();
  const [over, setOver] = useState<number | null>(null);
  const [from, setFrom] = useState<number | null>(null);
  const [keyed, setKeyed] = useState<{ first: number; last: number } | null>(null);
  if (bars === null) return <div className={classes.empty} data-busy={busy || undefined} />;
  const length = bars.until - bars.from;
  const x = (at: number) => ((at - bars.from) / length) * 1000;
  const share = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return (event.clientX - box.left) / box.width;
  };

  function choose(first: number, second: number) {
    if (bars === null) return;
    const chosen = brushed(bars, first, second);
    onRange({
      kind: 'absolute',
      from: new Date(chosen.from).toISOString(),
      until: new Date(chosen.until).toISOString(),
    });
  }

  function pressed(event: KeyboardEvent) {
    if (bars === null || bars.bars.length === 0) return;
    const last = bars.bars.length - 1;
    const now = keyed ?? { first: last, last };
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      event.preventDefault();
      const by = event.key === 'ArrowLeft' ? -1 : 1;
      const moved = Math.min(last, Math.max(0, (event.shiftKey ? now.last : now.first) + by));
      setKeyed(event.shiftKey ? { ...now, last: moved } : { first: moved, last: moved });
    } else if (event.key === 'Enter' && keyed !== null) {
      const [a, b] = [
        bars.bars[Math.min(keyed.first, keyed.last)],
        bars.bars[Math.max(keyed.first, keyed.last)],
      ];
      if (a !== undefined && b !== undefined)
        choose((a.at - bars.from) / length, (b.at + bars.step - 1 - bars.from) / length);
    } else if (event.key === 'Escape') setKeyed(null);
  }

  const stretch = selection(bars, from, over, keyed);
  const pointed = over === null || from !== null ? undefined : barAt(bars, bars.from + over * length);
  const told = pointed ?? (keyed === null ? undefined : bars.bars[keyed.last]);
  return (
    <figure className={classes.figure} data-busy={busy || undefined} aria-label="events over time">
      <svg
        viewBox={`0 0 1000 ${HEIGHT}`}
        preserveAspectRatio="none"
        className={classes.svg}
        role="slider"
        aria-label="Events over time. Arrow keys choose a bar, with Shift a stretch, Enter goes there."
        aria-valuemin={0}
        aria-valuemax={bars.top}
        aria-valuenow={told === undefined ? bars.total : sum(told)}
        aria-valuetext={told === undefined ? `${countText(bars.total)} events` : words(told, zone)}
        tabIndex={0}
        onKeyDown={pressed}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setFrom(share(event));
          setOver(share(event));
        }}
        onPointerMove={(event) => setOver(share(event))}
        onPointerLeave={() => from === null && setOver(null)}
        onPointerUp={(event) => {
          if (from !== null && Math.abs(share(event) - from) > 0.004) choose(from, share(event));
          setFrom(null);
        }}
        data-testid="histogram"
      >
        {bars.bars.map((bar) => (
          <BarShape
            key={bar.at}
            bar={bar}
            x={x(bar.at)}
            width={x(bar.at + bars.step) - x(bar.at)}
            top={bars.top}
            lit={bar === told}
          />
        ))}
        {stretch !== null && (
          <rect
            className={classes.brush}
            x={stretch.from * 1000}
            width={Math.max(1, (stretch.until - stretch.from) * 1000)}
            y={0}
            height={HEIGHT}
          />
        )}
      </svg>
      <div className={classes.axis} aria-hidden>
        {ticks(bars.from, bars.until, 9)
          .map((at) => ({ at, share: (at - bars.from) / length }))
          .filter(({ share }) => share < LABEL_SHARE_MAX)
          .map(({ at, share }) => (
            <span key={at} style={{ left: `${share * 100}%` }}>
              {shortMoment(at, zone).replace(/ 00:00$/, '')}
            </span>
          ))}
      </div>
      {told !== undefined && (
        <div className={classes.tip} data-right={(over ?? 0) > 0.6 || undefined} role="status">
          {words(told, zone)}
        </div>
      )}
    </figure>
  );
}

function sum(bar: Bar): number {
  return bar.success + bar.failure + bar.other;
}

function words(bar: Bar, zone: 'local' | 'utc'): string {
  const failed = bar.failure > 0 ? `, ${countText(bar.failure)} failed` : '';
  return `${shortMoment(bar.at, zone)}: ${countText(sum(bar))} events${failed}`;
}

function barAt(bars: Bars, moment: number): Bar | undefined {
  return bars.bars.find((bar) => bar.at <= moment && moment < bar.at + bars.step);
}

function selection(
  bars: Bars,
  from: number | null,
  over: number | null,
  keyed: { first: number; last: number } | null,
) {
  const length = bars.until - bars.from;
  if (from !== null && over !== null) {
    const chosen = brushed(bars, from, over);
    return { from: (chosen.from - bars.from) / length, until: (chosen.until - bars.from) / length };
  }
  if (keyed === null) return null;
  const [a, b] = [bars.bars[Math.min(keyed.first, keyed.last)], bars.bars[Math.max(keyed.first, keyed.last)]];
  if (a === undefined || b === undefined) return null;
  return { from: (a.at - bars.from) / length, until: (b.at + bars.step - bars.from) / length };
}

function BarShape({
  bar,
  x,
  width,
  top,
  lit,
}: {
  bar: Bar;
  x: number;
  width: number;
  top: number;
  lit: boolean;
}) {
  const scale = (count: number) => (count / top) * (HEIGHT - 4);
  const [failure, other, success] = [scale(bar.failure), scale(bar.other), scale(bar.success)];
  const w = Math.max(0.6, width * 0.86);
  return (
    <g opacity={lit ? 1 : 0.88}>
      <rect x={x} width={w} y={HEIGHT - failure} height={failure} className={classes.failure} />
      <rect x={x} width={w} y={HEIGHT - failure - success} height={success} className={classes.success} />
      <rect x={x} width={w} y={HEIGHT - failure - success - other} height={other} className={classes.other} />
    </g>
  );
}
