// A result as the chart that its query asked for; the canvas is loaded when it is needed.
// Deliberately absent: which options (`options`) and tables.

import { Center, Loader, useMantineColorScheme } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import type { PackedRows } from '../rows/packed';
import { useZone } from '../time/moment';
import { Empty } from '../widgets/Empty';
import { Card } from './Card';
import { useLook } from './look';
import { POINTS_MAX } from './series';

const Canvas = lazy(() => import('./Canvas'));

interface Props {
  kind: string;
  properties: readonly [string, unknown][];
  rows: PackedRows;
  /** Changes when rows were added. */
  version: number;
  label: string;
  small?: boolean;
  onPoint?: (x: string | number, series: string) => void;
}

export function Chart({ kind, properties, rows, version, label, small = false, onPoint }: Props) {
  const { colorScheme } = useMantineColorScheme();
  const look = useLook(colorScheme);
  const [zone] = useZone();
  const drawing = useMemo(
    () => ({
      kind,
      properties,
      columns: rows.columns,
      rows: rows.rows(POINTS_MAX),
      look,
      zone,
      small,
      version,
    }),
    [kind, properties, rows, look, zone, small, version],
  );
  if (rows.length === 0)
    return <Empty title="No rows to draw">A longer stretch of time may have some.</Empty>;
  if (kind === 'card') return <Card rows={rows} small={small} />;
  return (
    <Suspense
      fallback={
        <Center h="100%">
          <Loader size="sm" />
        </Center>
      }
    >
      <Canvas drawing={drawing} label={label} onPoint={onPoint} />
    </Suspense>
  );
}
