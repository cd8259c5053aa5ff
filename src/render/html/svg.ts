import type { Chart } from '../../document/chart-schema.ts';
import { type Panel, WIDTH } from './draw.ts';
import { heatPanels } from './heat-svg.ts';
import { escapeHtml } from './html.ts';
import { linesPanels } from './lines-svg.ts';
import { barsPanels, intervalsPanels } from './rows-svg.ts';
import { COLORS } from './style.ts';

/**
 * A chart as SVG, drawn without a browser: one picture, or several where one would be too small to read on a narrow
 * screen, or too high on a wide one. Colours are variables of the page's style, every mark says its number when pointed
 * at. Empty if there is nothing to draw.
 */
export function renderSvgs(chart: Chart): readonly string[] {
  const panels = panelsOf(chart);
  return panels.map(({ svg, of }) =>
    svg.replace(
      '<svg ',
      () => `<svg role="img" aria-label="${escapeHtml(altOf(chart, panels.length > 1 ? of : ''))}" `,
    ),
  );
}

function panelsOf(chart: Chart): readonly Panel[] {
  switch (chart.kind) {
    case 'lines':
      return linesPanels(chart);
    case 'intervals':
      return intervalsPanels(chart);
    case 'bars':
      return barsPanels(chart);
    case 'heat':
      return heatPanels(chart);
  }
}

/** A chart as a file of its own, for what shows images and no HTML. Empty if there is nothing to draw. */
export function renderSvgFile(chart: Chart): string {
  const panels = panelsOf(chart);
  if (panels.length === 0) return '';
  let height = 0;
  const inner = panels.map(({ svg, height: own }) => {
    const placed = svg.replace('<svg ', `<svg y="${height}" width="${WIDTH}" height="${own}" `);
    height += own;
    return placed;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeHtml(altOf(chart))}" color="var(--ink)" font-family="system-ui, sans-serif" width="${2 * WIDTH}" viewBox="0 0 ${WIDTH} ${height}"><title>${escapeHtml(chart.title)}</title><style>${COLORS} text { white-space: pre; }</style><rect width="100%" height="100%" fill="var(--page)"/>${inner.join('')}</svg>`;
}

/**
 * In words, for who cannot see it: what it shows, and where the numbers are.
 * @param of which part of it; default: all of it.
 */
export function altOf(chart: Chart, of = ''): string {
  const what = {
    lines: 'Line chart',
    intervals: 'Chart of intervals',
    bars: 'Bar chart',
    heat: 'Heat map',
  }[chart.kind];
  return `${what}: ${chart.title}${of === '' ? '' : `, ${of}`}. ${chart.says}${chart.says === '' ? '' : ' '}The table below it has all numbers.`;
}
