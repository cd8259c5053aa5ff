import { describe, expect, test } from 'vitest';
import type { Document, Part } from '../document/document-schema.ts';
import { fixtureFilesRun } from '../fixtures/files.ts';
import { fakeLadder } from '../fixtures/ladder.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { allFailed, firstBlockOf, interruptedAtOnce } from '../fixtures/unlucky.ts';
import { renderChart } from '../render/chart.ts';
import { renderHtml } from '../render/html/page.ts';
import { renderMarkdown } from '../render/markdown.ts';
import type { RunKind, RunResult } from '../results/schema.ts';
import { runPage } from './run-page.ts';

const LADDER = fakeLadder({
  rungs: [
    { label: 'epoll-lt', after: null, cells: {} },
    { label: 'epoll-et', after: 'epoll-lt', cells: { cpu: 0.9 } },
  ],
  connections: [1, 64],
  blocks: 8,
});
const RUNS: readonly { readonly of: string; readonly kind: RunKind; readonly result: RunResult }[] = [
  { of: 'run', kind: 'run', result: fixtureRun({ audit: true }) },
  { of: 'run of files', kind: 'run', result: fixtureFilesRun() },
  { of: 'sweep', kind: 'scale', result: fixtureSweep({ active: [1] }) },
  { of: 'ladder', kind: 'ladder', result: LADDER },
];

function pageOf(result: RunResult, kind: RunKind): Document {
  return runPage(result, { known: [], as: kind });
}

function charts(parts: readonly Part[]): Extract<Part, { kind: 'chart' }>['chart'][] {
  return parts.flatMap((part) => (part.kind === 'chart' ? [part.chart] : []));
}

/** Headings below which nothing stands. */
function emptySections(parts: readonly Part[]): string[] {
  return parts.flatMap((part, i) =>
    part.kind === 'heading' && (parts[i + 1] ?? part).kind === 'heading' ? [part.text] : [],
  );
}

/** Whatever became no number on its way. */
const NO_NUMBER = /\bNaN\b|\bundefined\b|Infinity|\[object/;

/** Every part of it can be read, and every chart has something in it. */
function expectWhole(document: Document): void {
  expect(emptySections(document.parts)).toEqual([]);
  const html = renderHtml(document, { tool: 'test' });
  expect(NO_NUMBER.exec(html)).toBeNull();
  expect(NO_NUMBER.exec(renderMarkdown(document))).toBeNull();
  expect(html.match(/<figure /g) ?? []).toHaveLength(charts(document.parts).length);
  for (const chart of charts(document.parts))
    expect(renderChart(chart, { width: 100 }), chart.title).not.toBe('');
}

function linesOf({ parts }: Document): string[] {
  return parts.flatMap((part) => (part.kind === 'notes' ? part.lines : []));
}

describe.each(RUNS)('A page of a $of', ({ kind, result }) => {
  test('has something below every heading and in every chart', () => {
    const document = pageOf(result, kind);
    expect(charts(document.parts).length).toBeGreaterThan(2);
    expectWhole(document);
  });

  test('in which every trial failed says so, and why', () => {
    const document = pageOf(allFailed(result), kind);
    expect(charts(document.parts)).toEqual([]);
    expectWhole(document);
    const failed = result.trials.length;
    expect(linesOf(document)).toContain(
      `Nothing was measured: all ${failed} trials failed; why is said below the tables.`,
    );
    expect(renderMarkdown(document)).toContain('EADDRINUSE');
    expect(document.conclusion ?? '').not.toContain('stop at');
  });

  test('that was interrupted at once says so', () => {
    const document = pageOf(interruptedAtOnce(result), kind);
    expect(charts(document.parts)).toEqual([]);
    expectWhole(document);
    expect(document.status).toContain('interrupted');
    expect(linesOf(document)[0]).toBe('Nothing was measured: the run ended before its first trial did.');
    expect(document.conclusion ?? '').not.toContain('stop at');
  });

  test('of one block shows it, and says what one block cannot', () => {
    const document = pageOf(firstBlockOf(result), kind);
    expect(charts(document.parts).length).toBeGreaterThan(2);
    expectWhole(document);
    expect(linesOf(document)).toContain(
      'Of so few blocks no ratio has an interval: nothing says which difference is chance.',
    );
    for (const { title } of charts(document.parts)) expect(title).not.toContain('95 % intervals');
    expect(document.conclusion ?? '').not.toContain('stop at');
  });
});
