import { createHash } from 'node:crypto';
import { SaxesParser } from 'saxes';
import { expect, test } from 'vitest';
import type { Chart } from '../../document/chart-schema.ts';
import { documentOf } from '../../document/document.ts';
import { HOSTILE_NAMES } from '../../fixtures/hostile-names.ts';
import { renderHtml } from './page.ts';
import { renderSvgFile } from './svg.ts';

const LINES: Chart = {
  kind: 'lines',
  title: 'time by percentile',
  says: '',
  x: { label: 'percentile', scale: 'log', unit: 'percentile' },
  y: { label: 'time', scale: 'log', unit: 'ns' },
  shape: 'straight',
  series: [
    {
      label: 'epoll-lt',
      points: [
        { x: 2, y: 50_000 },
        { x: 100, y: 2_000_000, enough: false },
      ],
    },
  ],
};

const page = (chart: Chart, title = 'A run') =>
  renderHtml(documentOf({ title, parts: [{ kind: 'chart', chart }] }), { tool: 'tool 1' });

test('A page has nothing to load, and forbids it and every script but its own, which is small', () => {
  const html = page(LINES);
  const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(html)?.[1] ?? '';
  const scripts = [...html.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, text]) => text ?? '');
  expect(scripts).toHaveLength(1);
  const sha = createHash('sha256').update(scripts.join()).digest('base64');
  expect(policy.replaceAll('&#39;', "'").split('; ')).toEqual([
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${sha}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ]);
  expect(Buffer.byteLength(scripts.join())).toBeLessThan(4096);
  expect(html).not.toMatch(/<(link|img|iframe|object)\b|\b(src|href)=|@import|url\(/);
});

test('A chart says what it is, its numbers stand below it, and doubted ones are marked', () => {
  const html = page(LINES);
  expect(html).toContain('aria-label="Line chart: time by percentile. The table below it has all numbers."');
  expect(html).toMatch(/<data value="50000">50\.0µs<\/data>/);
  expect(html).toMatch(/<data value="2000000">~2\.0ms<\/data>.*too few samples/s);
  expect(html).toContain('percentile: p99\ntime: ~2.00 ms');
});

test.each(HOSTILE_NAMES)('%s is text wherever it stands', (name) => {
  const [series] = LINES.kind === 'lines' ? LINES.series : [];
  const html = page(
    { ...LINES, title: name, says: name, series: [{ label: name, points: series?.points ?? [] }] },
    name,
  );
  expect(html.match(/<(script|img|b|\/style)\b/g)).toEqual(['</style', '<script']);
});

test('A chart without a point has no picture, and a page without a chart is one all the same', () => {
  expect(page({ ...LINES, series: [] })).not.toContain('<figure');
  expect(renderHtml(documentOf({ title: 'empty' }), { tool: 'tool' })).toContain('<h1 dir="auto">empty</h1>');
});

test('A chart as a file of its own brings its colours, and is XML whatever its names are', () => {
  const names = HOSTILE_NAMES.join(' & $& ');
  const svg = renderSvgFile({ ...LINES, title: names });
  const parser = new SaxesParser({ xmlns: true });
  const texts: string[] = [];
  parser.on('text', (text) => texts.push(text));
  parser.write(svg).close();
  expect(texts).toContain(names);
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(svg).toContain('prefers-color-scheme: dark');
});
