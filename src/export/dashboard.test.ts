import { expect, test } from 'vitest';
import { readDashboard, readDashboardText } from '../fixtures/dashboard.ts';
import { exportText } from '../fixtures/export-input.ts';
import { parseExposition } from '../fixtures/exposition.ts';
import { prometheusExporter } from './prometheus.ts';

const { panels, queries, variables } = readDashboard();

/** The labels of every series that the exporter writes. */
const WRITTEN = new Map<string, Set<string>>();
for (const { name, labels } of parseExposition(exportText(prometheusExporter), 'prometheus').samples) {
  const known = WRITTEN.get(name) ?? new Set();
  for (const label of Object.keys(labels)) known.add(label);
  // Prometheus says itself where it scraped a series.
  WRITTEN.set(name, known.add('instance'));
}

test('The dashboard shows throughput, p99, CPU and system calls per request', () => {
  expect(panels).toMatchInlineSnapshot(`
    [
      "Throughput",
      "p99 response time",
      "Server CPU per request",
      "System calls per request",
      "Context switches per request",
      "Peak resident memory",
      "Times the reference",
      "Share of trials limited by the client",
      "Run",
      "Trials that failed or were disturbed",
    ]
  `);
});

test.each(queries)('$panel asks for series and labels that are written: $expr', ({ expr, legend }) => {
  const selectors = selectorsOf(expr);
  expect(selectors).not.toEqual([]);
  for (const { metric, labels } of selectors) {
    expect([...WRITTEN.keys()]).toContain(metric);
    for (const label of [...labels, ...groupingOf(expr), ...legend])
      expect([...(WRITTEN.get(metric) ?? [])]).toContain(label);
  }
});

test.each(variables)('The variable $name lists values of a label that is written', ({ metric, label }) => {
  expect([...(WRITTEN.get(metric) ?? [])]).toContain(label);
});

test('No two hosts, kernels, models or workloads look alike', () => {
  for (const { expr, legend } of queries) {
    for (const name of ['host', 'kernel', 'instance']) expect(expr).toContain(`${name}=~"$${name}"`);
    expect(legend).toEqual(expect.arrayContaining(['host', 'kernel']));
    if (!expr.includes('run_info')) expect(legend).toEqual(expect.arrayContaining(['model', 'workload']));
  }
  const byHand = variables.map(({ name }) => name);
  expect(byHand).toEqual(['host', 'kernel', 'instance', 'model', 'workload']);
});

test('It links nothing: neither a page of ours nor one that a run may not have', () => {
  expect(readDashboardText()).not.toMatch(/https?:|"links": \[[^\]]/);
});

test('Every variable that a query uses is defined', () => {
  const used = queries.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name));
  expect(new Set(used)).toEqual(new Set(variables.map(({ name }) => name)));
});

/** The names in a query that are neither functions, nor keywords, nor labels that it groups by. */
function selectorsOf(expr: string) {
  const bare = expr.replaceAll(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, '');
  return [...bare.matchAll(/([a-zA-Z_:][\w:]*)(?!\w*\s*\()(?:\{([^}]*)\})?/g)]
    .filter(([, name = '']) => name.includes('_'))
    .map(([, metric = '', matchers = '']) => ({
      metric,
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label),
    }));
}

function groupingOf(expr: string): readonly string[] {
  return [...expr.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
}
