import { historyCharts } from '../charts/history-charts.ts';
import type { RunHistory } from '../compare/history-result.ts';
import type { Chart } from '../document/chart-schema.ts';
import {
  chartParts,
  commandsPart,
  documentOf,
  headingPart,
  notesPart,
  section,
  tablePart,
} from '../document/document.ts';
import type { Document, Part } from '../document/document-schema.ts';
import type { Metric } from '../metrics/metric.ts';
import type { RunRecord } from '../results/schema.ts';
import { environmentTable } from '../tables/environment-table.ts';
import { counted } from '../util/units.ts';

/** A document as a page: its charts stand before its tables, its environment and how to repeat it at the end. */
export function pageOf(
  document: Document,
  {
    charts,
    history = [],
    environment = null,
    commands,
  }: {
    readonly charts: readonly Chart[];
    readonly history?: readonly Part[];
    /** The run whose environment is told; null: none. */
    readonly environment?: RunRecord | null;
    readonly commands: readonly string[];
  },
): Document {
  return {
    ...document,
    parts: [
      ...section('Charts', chartParts(charts)),
      ...section('History', history),
      ...section('Tables', withoutCharts(document)),
      ...(environment === null ? [] : environmentParts(environment)),
      ...repeatParts(commands),
    ],
  };
}

/** Several pages as one, each under its own headings. */
export function joinedPages(pages: readonly Document[], history: readonly Part[] = []): Document {
  const [first] = pages;
  if (first === undefined) return documentOf({ title: 'No runs' });
  if (pages.length === 1) return first;
  return documentOf({
    title: `${counted(pages.length, 'run')}`,
    facts: pages.map(({ title, facts }) => `${title}: ${facts[0] ?? ''}`),
    warnings: pages.flatMap(({ title, warnings }) => warnings.map((warning) => `${title}: ${warning}`)),
    parts: [
      ...section('History', history),
      ...pages.flatMap(({ title, status, facts, parts, conclusion }): Part[] => [
        headingPart(`${title}${status}`),
        notesPart([...facts, ...(conclusion === null ? [] : [conclusion])]),
        ...parts.map(
          (part): Part => (part.kind === 'heading' ? headingPart(`${title}: ${part.text}`) : part),
        ),
      ]),
    ],
  });
}

/** What stored runs say of each cell. */
export function historyParts(history: RunHistory, metric: Metric): Part[] {
  return chartParts(historyCharts(history, metric));
}

/** On a page charts have a place of their own. */
export function withoutCharts({ parts }: Document): Part[] {
  return parts.filter(({ kind }) => kind !== 'chart');
}

/** What the numbers must be judged against. */
export function environmentParts(record: RunRecord): Part[] {
  return section('Environment', [tablePart(environmentTable(record))]);
}

/** The commands to type again. */
export function repeatParts(commands: readonly string[]): Part[] {
  return commands.length === 0 ? [] : section('How to repeat it', [commandsPart(commands)]);
}
