// ECharts on a canvas, with only those parts of it that are used. A chunk of its own, loaded when the first chart is drawn.
// Deliberately absent: what is drawn (`options`).

import { BarChart, LineChart, PieChart, ScatterChart } from 'echarts/charts';
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  MarkPointComponent,
  TitleComponent,
  TooltipComponent,
} from 'echarts/components';
import { type ECharts, init, use } from 'echarts/core';
import { LegacyGridContainLabel } from 'echarts/features';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { chartOptions, type Drawing } from './options';

use([
  BarChart,
  LineChart,
  PieChart,
  ScatterChart,
  AriaComponent,
  GridComponent,
  LegendComponent,
  MarkPointComponent,
  TitleComponent,
  TooltipComponent,
  LegacyGridContainLabel,
  CanvasRenderer,
]);

export interface CanvasProps {
  drawing: Drawing;
  label: string;
  /** A point was clicked: its category or moment. */
  onPoint?: ((x: string | number, series: string) => void) | undefined;
}

export default function Canvas({ drawing, label, onPoint }: CanvasProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const handler = useRef(onPoint);
  handler.current = onPoint;
  useEffect(() => {
    if (host.current === null) return;
    const made = init(host.current, null, { renderer: 'canvas' });
    chart.current = made;
    made.on('click', (event) => {
      const data = event.data as unknown;
      const x = Array.isArray(data) ? (data[0] as number) : event.name;
      handler.current?.(x, event.seriesName ?? '');
    });
    const sizes = new ResizeObserver(() => made.resize());
    sizes.observe(host.current);
    return () => {
      sizes.disconnect();
      chart.current = null;
      made.dispose();
    };
  }, []);
  useEffect(() => {
    chart.current?.setOption(chartOptions(drawing), { notMerge: true });
  }, [drawing]);
  return (
    <div
      ref={host}
      role="img"
      aria-label={label}
      style={{ width: '100%', height: '100%' }}
      data-testid="chart"
    />
  );
}
