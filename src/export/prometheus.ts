import type { Exporter } from './exporter.ts';
import { familiesOf } from './families.ts';
import type { Family, Sample } from './family.ts';

/**
 * Prometheus text format 0.0.4, as the textfile collector of node_exporter reads it, which refuses times: it
 * has no history. Source: "Exposition formats" in the documentation of Prometheus.
 */
export const prometheusExporter: Exporter = {
  id: 'prometheus',
  title: 'Prometheus text 0.0.4, for the textfile collector of node_exporter',
  files: ['iomodels-bench.prom'],
  verdicts: true,
  picksMetrics: true,
  write: (input) => [familiesOf(input).map(textOf).join('')],
};

function textOf(family: Family): string {
  // An info metric is a type of OpenMetrics; here it is a gauge that is always 1, and its suffix part of its name.
  const name = `${family.name}${suffixOf(family)}`;
  return [
    `# HELP ${name} ${escapeHelp(family.help)}`,
    `# TYPE ${name} gauge`,
    ...family.samples.map((sample) => sampleText(family, sample)),
    '',
  ].join('\n');
}

function suffixOf({ type }: Family): string {
  return { gauge: '', info: '_info' }[type];
}

/** A line of a sample, which both formats write alike, but for the times. */
export function sampleText(family: Family, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).flatMap(([name, text]) =>
    text === null || text === '' ? [] : [`${name}="${escapeLabel(text)}"`],
  );
  return `${family.name}${suffixOf(family)}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
