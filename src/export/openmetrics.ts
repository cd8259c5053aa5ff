import { MS_PER_S } from '../util/units.ts';
import type { Exporter } from './exporter.ts';
import { familiesOf, historyOf } from './families.ts';
import type { Family, Sample } from './family.ts';
import { sampleText } from './prometheus.ts';

/** OpenMetrics 1.0 as text. Source: the specification of OpenMetrics, "Text format". */
export const openmetricsExporter: Exporter = {
  id: 'openmetrics',
  title: 'OpenMetrics 1.0, to be served over HTTP; a history for promtool tsdb create-blocks-from',
  files: ['iomodels-bench.openmetrics.txt'],
  verdicts: true,
  picksMetrics: true,
  write: (input) => [fileOf(familiesOf(input))],
  history: (inputs) => [fileOf(historyOf(inputs))],
};

function fileOf(families: readonly Family[]): string {
  return `${families.map(textOf).join('')}# EOF\n`;
}

function textOf(family: Family): string {
  const { name, type, unit, help } = family;
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === null ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escapeHelp(help)}`,
    ...family.samples.map((sample) => `${sampleText(family, sample)}${timeOf(sample)}`),
    '',
  ].join('\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** In seconds, as this format has them. */
function timeOf({ atMs }: Sample): string {
  return atMs === undefined ? '' : ` ${atMs / MS_PER_S}`;
}
