import type { Exporter } from './exporter.ts';
import { type Family, familiesOf } from './families.ts';
import { sampleText } from './prometheus.ts';

/** OpenMetrics 1.0 as text. Source: the specification of OpenMetrics, "Text format". */
export const openmetricsExporter: Exporter = {
  id: 'openmetrics',
  title: 'OpenMetrics 1.0, to be served over HTTP',
  files: ['iomodels-bench.openmetrics.txt'],
  write: (input) => [`${familiesOf(input).map(textOf).join('')}# EOF\n`],
};

function textOf(family: Family): string {
  const { name, type, unit, help } = family;
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === null ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escapeHelp(help)}`,
    ...family.samples.map((sample) => sampleText(family, sample)),
    '',
  ].join('\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
