import { bmfExporter } from './bmf.ts';
import { cellsExporter } from './cells-ndjson.ts';
import { csvExporter } from './csv.ts';
import { documentExporter } from './document.ts';
import type { Exporter } from './exporter.ts';
import { githubExporter } from './github.ts';
import { gobenchExporter } from './gobench.ts';
import { hgrmExporter } from './hgrm.ts';
import { influxExporter } from './influx.ts';
import { jsonExporter } from './json.ts';
import { junitExporter } from './junit.ts';
import { markdownExporter } from './markdown.ts';
import { openmetricsExporter } from './openmetrics.ts';
import { prometheusExporter } from './prometheus.ts';

/** Every format that a run can be exported to. */
export const EXPORTERS: readonly Exporter[] = [
  jsonExporter,
  bmfExporter,
  githubExporter,
  prometheusExporter,
  openmetricsExporter,
  influxExporter,
  junitExporter,
  gobenchExporter,
  csvExporter,
  cellsExporter,
  hgrmExporter,
  markdownExporter,
  documentExporter,
];
