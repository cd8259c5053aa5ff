import type { Chart } from '../document/chart-schema.ts';
import { renderBars, renderHeat, renderIntervals } from './line-by-line.ts';
import { renderLines } from './lines-chart.ts';

/** A chart drawn with characters, in so many columns. Empty if there is nothing to draw. */
export function renderChart(chart: Chart, options: { readonly width: number }): string {
  switch (chart.kind) {
    case 'lines':
      return renderLines(chart, options);
    case 'intervals':
      return renderIntervals(chart, options);
    case 'bars':
      return renderBars(chart, options);
    case 'heat':
      return renderHeat(chart, options);
  }
}
