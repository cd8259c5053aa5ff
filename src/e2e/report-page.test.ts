import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Chart } from '../document/chart-schema.ts';
import { chartTable } from '../document/chart-table.ts';
import { documentSchema } from '../document/document-schema.ts';
import { HOSTILE_NAMES } from '../fixtures/hostile-names.ts';
import { fixturePages } from '../fixtures/pages.ts';
import { renderHtml } from '../render/html/page.ts';
import { renderJson } from '../render/json.ts';
import { missing } from './consumers.ts';

/** Whatever Debian and others call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const FOUND = NAMES.find((name) => missing([name]).length === 0);
const WIDTHS = [360, 800, 1600];
/** A4 less margins of a centimetre, in CSS pixels. */
const PAPER_PX = 718;
/** In CSS pixels: below it few can read. */
const TEXT_MIN_PX = 11;
const SCHEMES = ['light', 'dark'] as const;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** A page is drawn in less than a second; machines stall. */
const PAGE_DEADLINE_MS = 60_000;
const KINDS = [
  ...['run', 'sweep', 'ladder', 'history', 'comparison', 'noise'],
  ...['kernels', 'explain', 'guide', 'hostile'],
];

interface Seen {
  readonly said: string[];
  readonly asked: string[];
}

describe.skipIf(FOUND === undefined)(
  `A page in a browser (skipped where there is none: ${NAMES.join(', ')})`,
  () => {
    const cwd = mkdtempSync(join(tmpdir(), 'iomb-page-'));
    const pages = fixturePages();
    const pathOf = (kind: string) => join(cwd, `${kind}.html`);
    let browser: Browser;

    beforeAll(async () => {
      for (const [kind, document] of Object.entries(pages))
        writeFileSync(pathOf(kind), renderHtml(document, { tool: 'iomodels-bench 0.1.0' }));
      const profile = join(cwd, 'home');
      mkdirSync(profile);
      browser = await chromium.launch({
        executablePath: FOUND === undefined ? '' : executable(FOUND),
        // Containers allow no sandbox within theirs, and what is opened is ours.
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
        env: { PATH: process.env.PATH ?? '', HOME: profile },
      });
    });
    afterAll(async () => {
      await browser?.close();
      rmSync(cwd, { recursive: true, force: true });
    });

    /** Opens a page with the network off, and notes what it says and what it asks for. */
    async function open(
      kind: string,
      options: { readonly width: number; readonly scheme: 'light' | 'dark'; readonly scripts?: boolean },
    ): Promise<Seen & { readonly page: Page }> {
      const context = await browser.newContext({
        viewport: { width: options.width, height: 900 },
        colorScheme: options.scheme,
        offline: true,
        javaScriptEnabled: options.scripts ?? true,
      });
      const page = await context.newPage();
      page.setDefaultTimeout(PAGE_DEADLINE_MS);
      const seen: Seen = { said: [], asked: [] };
      page.on('console', (message) => seen.said.push(message.text()));
      page.on('pageerror', (error) => seen.said.push(String(error)));
      page.on('dialog', (dialog) => {
        seen.said.push(dialog.message());
        void dialog.dismiss();
      });
      page.on('request', (request) => seen.asked.push(request.url()));
      await page.goto(pathToFileURL(pathOf(kind)).href);
      return { ...seen, page };
    }

    test('there is one of every kind', () => {
      expect(Object.keys(pages).sort()).toEqual([...KINDS].sort());
    });

    describe.each(KINDS)('of %s', (kind) => {
      test('asks for nothing, says nothing, and fits every width, light and dark, with text that can be read', async () => {
        for (const scheme of SCHEMES) {
          const { page, said, asked } = await open(kind, { width: 800, scheme });
          for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            const wide = await page.evaluate('document.documentElement.scrollWidth');
            expect(wide, `${scheme}, ${width} px`).toBeLessThanOrEqual(width);
            const { smallest, faults: found } = (await page.evaluate(READ_TEXTS)) as Texts;
            expect(smallest, `${width} px`).toBeGreaterThanOrEqual(TEXT_MIN_PX);
            expect(found, `${width} px`).toEqual([]);
          }
          const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
          expect(background).toBe(scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 23, 27)');
          expect(said).toEqual([]);
          expect(asked).toEqual([pathToFileURL(pathOf(kind)).href]);
          await page.context().close();
        }
      });

      test('has a picture for every chart, below it the numbers of the JSON, and no fault that axe finds', async () => {
        const { page } = await open(kind, { width: 1600, scheme: 'light' });
        expect(await faults(page)).toEqual([]);
        const shown = (await page.evaluate(READ_FIGURES)) as readonly Figure[];
        const stored = chartsOf(documentSchema.parse(JSON.parse(renderJson(pages[kind] ?? never()))).parts);
        expect(stored).not.toEqual([]);
        expect(shown.map(({ title }) => title)).toEqual(stored.map(({ title }) => title));
        stored.forEach((chart, i) => {
          expect(shown[i]?.numbers, chart.title).toEqual(numbersOf(chart));
          expect(shown[i]?.alt).toContain(chart.title);
          expect(shown[i]?.marks, chart.title).toBe(marksOf(chart));
        });
        await page.context().close();
      });
    });

    test('has enough contrast in the dark as well', async () => {
      const { page } = await open('run', { width: 1600, scheme: 'dark' });
      expect(await faults(page, ['color-contrast'])).toEqual([]);
      await page.context().close();
    });

    test.each(['run', 'hostile'])('of %s is as wide as paper when it is printed', async (kind) => {
      const { page } = await open(kind, { width: PAPER_PX, scheme: 'light' });
      await page.emulateMedia({ media: 'print' });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PAPER_PX);
      await page.context().close();
    });

    test('is printed with its numbers', async () => {
      const { page } = await open('run', { width: 800, scheme: 'dark' });
      await page.emulateMedia({ media: 'print' });
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
        'rgb(255, 255, 255)',
      );
      expect(await page.locator('figure table').first().isVisible()).toBe(true);
      const pdf = await page.pdf({ format: 'A4' });
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
      expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length).toBeGreaterThan(1);
      await page.context().close();
    });

    test('can be read by keyboard: every table is reached, closed ones are opened', async () => {
      const { page } = await open('run', { width: 1600, scheme: 'light' });
      const first = page.locator('summary').first();
      await first.focus();
      await page.keyboard.press('Enter');
      expect(await page.locator('figure table').first().isVisible()).toBe(true);
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.matches("figure .scroll")')).toBe(true);
      await page.context().close();
    });

    test('shows hostile names as the text that they are', async () => {
      const { page } = await open('hostile', { width: 1600, scheme: 'light' });
      const texts = await page.locator('table td, table th').allTextContents();
      for (const name of HOSTILE_NAMES) expect(texts).toContain(name);
      expect(await page.locator('script:not(footer ~ script), img, b').count()).toBe(0);
      await page.context().close();
    });

    test('runs no script but its own, whoever puts one into it', async () => {
      const { page, said } = await open('run', { width: 1600, scheme: 'light' });
      await page.evaluate(`document.body.append(
        Object.assign(document.createElement('script'), { textContent: 'globalThis.ran = true' }),
        Object.assign(document.createElement('script'), { src: 'data:text/javascript,globalThis.ran = true' }))`);
      await page.evaluate(
        `document.body.setAttribute('onclick', 'globalThis.ran = true'); document.body.click()`,
      );
      expect(await page.evaluate('globalThis.ran === undefined')).toBe(true);
      expect(said.filter((line) => line.includes('Content Security Policy'))).toHaveLength(3);
      await page.context().close();
    });

    test('has all of its numbers where no script may run', async () => {
      const { page, said } = await open('run', { width: 360, scheme: 'light', scripts: false });
      expect(await page.locator('form, button').count()).toBe(0);
      for (const summary of await page.locator('summary').all()) await summary.click();
      const rows = page.locator('tbody tr');
      expect(await rows.filter({ visible: true }).count()).toBe(await rows.count());
      expect(said).toEqual([]);
      await page.context().close();
    });

    test('narrows charts and tables to rows by their names, and finds no fault with axe then', async () => {
      const { page } = await open('run', { width: 1600, scheme: 'light' });
      const [figures, rows] = [page.locator('figure'), page.locator('section > .scroll tbody tr')];
      const [allFigures, allRows] = [await figures.count(), await rows.count()];
      await page.getByLabel('Only charts and rows with').fill('many-connections EPOLL-ET');
      for (const row of await rows.filter({ visible: true }).all())
        expect((await row.textContent())?.toLowerCase()).toContain('epoll-et');
      const left = await figures.filter({ visible: true }).count();
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(allFigures);
      expect(await page.locator('output').textContent()).toMatch(
        new RegExp(`^[1-9]\\d* rows, ${left} charts$`),
      );
      expect(await faults(page)).toEqual([]);
      await page.getByLabel('Only charts and rows with').fill('no such row');
      expect(await figures.filter({ visible: true }).count()).toBe(0);
      await page.getByLabel('Only charts and rows with').fill('');
      expect(await figures.filter({ visible: true }).count()).toBe(allFigures);
      expect(await rows.filter({ visible: true }).count()).toBe(allRows);
      await page.context().close();
    });

    test('sorts a table by a column: up, down, and as it was', async () => {
      const { page } = await open('run', { width: 1600, scheme: 'light' });
      const head = page.locator('section > .scroll th button').filter({ hasText: 'req/s' }).first();
      const table = head.locator('xpath=ancestor::table');
      const column = 1 + (await head.locator('xpath=ancestor::th/preceding-sibling::*').count());
      const cells = table.locator(`tbody tr > :nth-child(${column}) data`);
      const read = async () =>
        await Promise.all((await cells.all()).map(async (cell) => Number(await cell.getAttribute('value'))));
      const before = await read();
      const known = before.toSorted((a, b) => a - b);
      expect(known.length).toBeGreaterThan(2);
      expect(known).not.toEqual(before);
      await head.focus();
      await page.keyboard.press('Enter');
      expect(await read()).toEqual(known);
      expect(await head.locator('xpath=ancestor::th').getAttribute('aria-sort')).toBe('ascending');
      await page.keyboard.press('Enter');
      expect(await read()).toEqual(known.toReversed());
      await page.keyboard.press('Enter');
      expect(await read()).toEqual(before);
      await page.context().close();
    });

    test('tells the value of a mark that is pointed at, as text, until Escape', async () => {
      const { page } = await open('hostile', { width: 800, scheme: 'light' });
      const mark = page.locator('figure svg :has(> title)').first();
      const says = await mark.locator('title').textContent();
      await mark.hover({ force: true });
      const tip = page.locator('.tip');
      expect(await tip.textContent()).toBe(says);
      expect(await tip.isVisible()).toBe(true);
      expect(await tip.locator('*').count()).toBe(0);
      await page.keyboard.press('Escape');
      expect(await tip.isVisible()).toBe(false);
      await page.context().close();
    });
  },
);

test('What draws the charts is one file that imports nothing, with the licence of all that is in it', () => {
  const folder = new URL('../../dist/render/html/', import.meta.url);
  const bundle = readFileSync(new URL('plot.js', folder), 'utf8');
  const imported = [...bundle.matchAll(/\b(?:from|import)\s*"([@\w./:-]+)"/g)].map(([, name]) => name);
  expect(imported.filter((name) => !name?.startsWith('node:') && !isBuiltin(name ?? ''))).toEqual([]);
  const licences = readFileSync(new URL('THIRD-PARTY-LICENSES.txt', folder), 'utf8');
  for (const name of ['@observablehq/plot', 'd3-scale'])
    expect(licences).toMatch(new RegExp(`^${name} [0-9.]+ \\(ISC\\)\n\n.*Copyright`, 'ms'));
});

function never(): never {
  throw new Error('no such page');
}

/** Where it is in PATH. */
function executable(name: string): string {
  const folders = (process.env.PATH ?? '').split(':');
  return join(folders.find((folder) => existsSync(join(folder, name))) ?? '', name);
}

function chartsOf(parts: readonly { readonly kind: string; readonly chart?: unknown }[]): readonly Chart[] {
  return parts.flatMap((part) => (part.kind === 'chart' ? [part.chart as Chart] : []));
}

/** The numbers of a chart in the order of its table. */
function numbersOf(chart: Chart): number[] {
  const { columns, rows } = chartTable(chart);
  return rows.flatMap((row) =>
    columns.flatMap(({ key }) => {
      const value = row[key];
      switch (value?.kind) {
        case 'count':
        case 'per-request':
        case 'estimate':
          return [value.value];
        case 'duration':
          return [value.ns];
        case 'share':
          return [value.share];
        default:
          return [];
      }
    }),
  );
}

/** What is drawn and says its number when it is pointed at. */
function marksOf(chart: Chart): number {
  switch (chart.kind) {
    case 'lines':
      return chart.series.flatMap(({ points }) => points).length;
    case 'intervals':
      return chart.groups.flatMap(({ rows }) => rows.flatMap(({ points }) => points)).length;
    case 'bars':
      return chart.groups
        .flatMap(({ bars }) => bars)
        .reduce((sum, { marker }) => sum + (marker === null ? 1 : 2), 0);
    case 'heat':
      return chart.cells.filter(({ value }) => value !== null).length;
  }
}

interface Texts {
  readonly smallest: number;
  readonly faults: readonly string[];
}

/** Runs in the page: every text of every picture as it is on the screen, and where two of one picture meet. */
const READ_TEXTS = `(() => {
  const faults = [];
  let smallest = Infinity;
  for (const svg of document.querySelectorAll('figure svg')) {
    const figure = svg.closest('figure').getBoundingClientRect();
    const name = svg.getAttribute('aria-label').slice(0, 60);
    const texts = [...svg.querySelectorAll('text')].filter((text) => text.textContent.trim() !== '').map((text) => {
      const { a, b } = text.getScreenCTM();
      const size = parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
      smallest = Math.min(smallest, size);
      return { at: text.getBoundingClientRect(), size, is: text.textContent };
    });
    texts.forEach(({ at, size, is }, i) => {
      if (at.left < figure.left || at.right > figure.right) faults.push(name + ': ' + is + ' is cut off');
      // Boxes of fonts are higher than their letters: lines of text may touch.
      const room = size / 4;
      for (const other of texts.slice(i + 1))
        if (is !== '×' && other.is !== '×'
          && Math.min(at.right, other.at.right) - Math.max(at.left, other.at.left) > room
          && Math.min(at.bottom, other.at.bottom) - Math.max(at.top, other.at.top) > room)
          faults.push(name + ': ' + is + ' meets ' + other.is);
    });
  }
  return { smallest, faults };
})()`;

interface Figure {
  readonly title: string;
  readonly alt: string;
  readonly marks: number;
  readonly numbers: readonly number[];
}

/** Runs in the page. */
const READ_FIGURES = `[...document.querySelectorAll('figure')].map((figure) => ({
  title: figure.querySelector('h3').textContent,
  alt: figure.querySelector('svg').getAttribute('aria-label'),
  marks: figure.querySelectorAll('svg title').length,
  numbers: [...figure.querySelectorAll('table data')].map((data) => Number(data.value)),
}))`;

/** What axe finds, with where. @param rules only these; default: all of them. */
async function faults(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  const only = rules === undefined ? '{}' : `{ runOnly: ${JSON.stringify(rules)} }`;
  return (await page.evaluate(`(() => {
    const module = undefined;
    ${AXE}
    return axe.run(document, { ...${only}, resultTypes: ['violations'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')));
  })()`)) as readonly string[];
}
