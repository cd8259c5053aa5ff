import type { Exporter } from './exporter.ts';
import { type Family, familiesOf, type Sample } from './families.ts';

/**
 * Prometheus text format 0.0.4, as the textfile collector of node_exporter reads it. Source:
 * "Exposition formats" in the documentation of Prometheus.
 */
export const prometheusExporter: Exporter = {
  id: 'prometheus',
  title: 'Prometheus text 0.0.4, for the textfile collector of node_exporter',
  files: ['iomodels-bench.prom'],
  write: (input) => [familiesOf(input).map(textOf).join('')],
};

function textOf(family: Family): string {
  const name = nameOf(family);
  return [
    `# HELP ${name} ${escapeHelp(family.help)}`,
    // An info metric is a type of OpenMetrics; here it is a gauge that is always 1.
    `# TYPE ${name} ${family.type === 'info' ? 'gauge' : family.type}`,
    ...family.samples.map((sample) => sampleText(family, sample)),
    '',
  ].join('\n');
}

/** In this format the suffix of a counter or an info metric is part of its name. */
function nameOf({ name, type }: Family): string {
  switch (type) {
    case 'counter':
      return `${name}_total`;
    case 'info':
      return `${name}_info`;
    case 'gauge':
    case 'summary':
      return name;
  }
}

/** A line of a sample, which both formats write alike. */
export function sampleText(family: Family, { suffix, labels, value }: Sample): string {
  // An empty label is no label.
  const pairs = Object.entries(labels)
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${name}="${escapeLabel(text)}"`);
  return `${family.name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
