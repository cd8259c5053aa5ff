import { formatOnAxis } from '../../document/axis.ts';
import type { Chart } from '../../document/chart-schema.ts';
import { chartTable, MARK_WORDS } from '../../document/chart-table.ts';
import type { Document, DocumentFinding, Part, Table } from '../../document/document-schema.ts';
import type { Value } from '../../document/value-schema.ts';
import { MARK_SIGNS } from '../line-by-line.ts';
import { formatValue } from '../table.ts';
import { unglue } from '../wrap.ts';
import { escapeHtml } from './html.ts';
import { hashOf, SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { renderSvgs } from './svg.ts';

/** Up to so many pictures of a chart stand beside each other. */
const PANELS_BESIDE = 4;
/** Tables with more columns are printed smaller. */
const COLUMNS_MANY = 12;
/** A longer text of a cell goes on in further lines. */
const WIDE_FROM = 48;
/** Nothing is loaded and no script runs but the one that is written here, whatever a stored run has in its names. */
const POLICY = `default-src 'none'; style-src 'unsafe-inline'; script-src '${hashOf(SCRIPT)}'; base-uri 'none'; form-action 'none'`;

/**
 * A document as a page of its own: nothing that is loaded, charts as SVG with all their numbers in a table below each, and
 * one small script that it can do without.
 */
export function renderHtml(document: Document, { tool }: { readonly tool: string }): string {
  const { title, status, facts, parts, warnings, conclusion } = document;
  const ids = new Ids();
  const sections = sectionsOf(parts);
  const said = [...new Set(warnings)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="${escapeHtml(tool)}">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1 dir="auto">${escapeHtml(`${title}${status}`)}</h1>
${facts.map((fact) => `<p class="fact" dir="auto">${escapeHtml(fact)}</p>`).join('\n')}
${conclusion === null ? '' : `<p class="conclusion" dir="auto">${escapeHtml(conclusion)}</p>`}
${said.length === 0 ? '' : `<ul class="warnings">${said.map((warning) => `<li dir="auto">warning: ${escapeHtml(warning)}</li>`).join('')}</ul>`}
</header>
<main>
${sections.map((section) => sectionHtml(section, ids)).join('\n')}
</main>
<footer><p>${escapeHtml(tool)}. This page is one file: it loads nothing, and says all that it has to say without its script.</p></footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

interface Section {
  /** Empty: before the first heading. */
  readonly heading: string;
  readonly parts: readonly Part[];
}

function sectionsOf(parts: readonly Part[]): Section[] {
  const sections: { heading: string; parts: Part[] }[] = [{ heading: '', parts: [] }];
  for (const part of parts) {
    if (part.kind === 'heading') sections.push({ heading: part.text, parts: [] });
    else sections.at(-1)?.parts.push(part);
  }
  return sections.filter(({ parts: own }) => own.length > 0);
}

/** Names of elements, each once. */
class Ids {
  #last = 0;
  next(): string {
    this.#last++;
    return `p${this.#last}`;
  }
}

function sectionHtml({ heading, parts }: Section, ids: Ids): string {
  const id = ids.next();
  const blocks: string[] = [];
  // Charts that follow each other stand beside each other where there is room.
  let charts: string[] = [];
  const flush = () => {
    if (charts.length > 0) blocks.push(`<div class="charts">\n${charts.join('\n')}\n</div>`);
    charts = [];
  };
  for (const part of parts) {
    if (part.kind === 'chart') charts.push(figureHtml(part.chart, ids));
    else {
      flush();
      blocks.push(partHtml(part, ids));
    }
  }
  flush();
  if (heading === '') return `<section>${blocks.join('\n')}</section>`;
  return `<section aria-labelledby="${id}"><h2 id="${id}" dir="auto">${escapeHtml(heading)}</h2>\n${blocks.join('\n')}</section>`;
}

function partHtml(part: Exclude<Part, { kind: 'chart' }>, ids: Ids): string {
  switch (part.kind) {
    case 'heading':
      return `<h2 dir="auto">${escapeHtml(part.text)}</h2>`;
    case 'table':
      return tableHtml(part.table, ids);
    case 'notes':
      return part.lines.map((line) => `<p dir="auto">${escapeHtml(line)}</p>`).join('\n');
    case 'commands':
      return `<pre tabindex="0"><code>${escapeHtml(part.lines.join('\n'))}</code></pre>`;
    case 'findings':
      return `<ul>${part.findings.map(findingHtml).join('')}</ul>`;
  }
}

function findingHtml({ status, title, value, meaning, fix }: DocumentFinding): string {
  const command = fix === null ? '' : ` <code>${escapeHtml(fix)}</code>`;
  return `<li dir="auto"><strong>${status}</strong> ${escapeHtml(`${title}: ${value}. ${meaning}`)}${command}</li>`;
}

/** The picture, what it shows, its legend, and all of its numbers. */
function figureHtml(chart: Chart, ids: Ids): string {
  const svgs = renderSvgs(chart);
  if (svgs.length === 0) return '';
  const id = ids.next();
  const legend = legendOf(chart);
  return `<figure aria-labelledby="${id}" data-chart="${chart.kind}"${svgs.length === 1 ? '' : ` class="of${Math.min(PANELS_BESIDE, svgs.length)}"`}>
<figcaption><h3 id="${id}" dir="auto">${escapeHtml(chart.title)}</h3>${chart.says === '' ? '' : `<p dir="auto">${escapeHtml(chart.says)}</p>`}</figcaption>
${yLabel(chart)}<div class="panels">
${svgs.join('\n')}
</div>
${legend.length === 0 ? '' : `<p class="legend">${legend.map((item) => `<span dir="auto">${escapeHtml(item)}</span>`).join(' ')}</p>`}
<details><summary>Numbers<span class="hidden"> of: ${escapeHtml(chart.title)}</span></summary>
${tableHtml({ ...chartTable(chart), title: '' }, ids, chart.title)}
</details>
</figure>`;
}

/** Above the axis and not along it: it is read without turning one's head. */
function yLabel(chart: Chart): string {
  if (chart.kind !== 'lines') return '';
  return `<p class="axis" dir="auto">${escapeHtml(`↑ ${chart.y.label}`)}</p>\n`;
}

/** In words and signs, without a colour. */
function legendOf(chart: Chart): string[] {
  switch (chart.kind) {
    case 'lines': {
      const doubted = chart.series.some(({ points }) => points.some(({ enough }) => enough === false));
      return doubted ? ['hollow, dotted line: ~, too few samples to rely on'] : [];
    }
    case 'intervals': {
      const rows = chart.groups.flatMap((group) => group.rows);
      const marks = new Set(rows.flatMap((row) => row.points.map((point) => point.mark)));
      const several = rows.find((row) => row.points.length > 1);
      return [
        ...(several === undefined
          ? (['better', 'worse', 'same', 'unclear'] as const)
              .filter((mark) => marks.has(mark))
              .map((mark) => `${MARK_SIGNS[mark]} ${MARK_WORDS[mark]}`)
              .concat(marks.has('none') ? [`${MARK_SIGNS.none} not judged`] : [])
          : several.points.map(({ name }, i) => `${['●', '△', '□', '◇'][i] ?? '○'} ${name}`)),
        ...(chart.reference === null ? [] : [`│ ${chart.reference.text}`]),
        ...(chart.band === null ? [] : [`shaded: ${chart.band.text}`]),
      ];
    }
    case 'bars':
      return chart.markerName === '' ? [] : [`┃ ${chart.markerName}`];
    case 'heat':
      return [
        ...shadesText(chart),
        ...(chart.cells.some(({ marked }) => marked) ? [`× ${chart.markName}`] : []),
      ];
  }
}

/** What the faintest and the strongest shades are: on a dark page the strongest is the brightest. */
function shadesText({ cells, value: axis, middle, shown }: Extract<Chart, { kind: 'heat' }>): string[] {
  if (shown && middle === null) return ['stronger: more'];
  const values = cells.flatMap(({ value }) => (value === null ? [] : [value]));
  const [low, high] = [Math.min(...(axis.scale === 'log' ? [] : [0]), ...values), Math.max(...values)];
  const written = (value: number) => formatOnAxis(value, axis, 'tick');
  if (middle === null) return [`faintest: ${written(low)}, strongest: ${written(high)}`];
  const farthest = high - middle > middle - low ? high : low;
  return [`red: more than ${written(middle)}, green: less; strongest: ${written(farthest)}`];
}

/** A table that scrolls by itself where it is too wide, so that the page never does. */
function tableHtml(table: Table, ids: Ids, name = table.title): string {
  if (table.rows.length === 0 && table.title === '') return '';
  const head = table.columns
    .map(({ header, align }) => {
      const classes = align === 'right' ? ' class="r"' : '';
      // A header cell that says nothing would be read as one that does.
      return header === ''
        ? '<td></td>'
        : `<th scope="col"${classes}>${escapeHtml(header.replaceAll('\n', ' '))}</th>`;
    })
    .join('');
  const rows = table.rows.map(
    (row) =>
      `<tr>${table.columns.map(({ key, align }, i) => cellHtml(row[key], align === 'right', i)).join('')}</tr>`,
  );
  const id = ids.next();
  const title = table.title === '' ? '' : `<h3 id="${id}" dir="auto">${escapeHtml(table.title)}</h3>`;
  const label =
    table.title === ''
      ? `aria-label="${escapeHtml(name === '' ? 'Table' : `Numbers: ${name}`)}"`
      : `aria-labelledby="${id}"`;
  const notes = table.notes.map((note) => `<p class="note" dir="auto">${escapeHtml(note)}</p>`).join('\n');
  const width = table.columns.length;
  const kind = width === 2 ? ' class="pair"' : width > COLUMNS_MANY ? ' class="many"' : '';
  return `${title}<div class="scroll" tabindex="0" role="group" ${label}><table${kind}><thead><tr>${head}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>
${notes}`;
}

function cellHtml(value: Value | undefined, right: boolean, column: number): string {
  const shown = escapeHtml(unglue(formatValue(value))).replaceAll('\n', '<br>');
  const tag = column === 0 && shown !== '' ? 'th scope="row"' : 'td';
  const classes = [right ? 'r' : '', shown.length > WIDE_FROM ? 'wide' : '', toneOf(value)]
    .filter((name) => name !== '')
    .join(' ');
  const raw = rawOf(value);
  const text = raw === null ? `<bdi>${shown}</bdi>` : `<data value="${raw}">${shown}</data>`;
  return `<${tag}${classes === '' ? '' : ` class="${classes}"`}>${shown === '' ? '' : text}</${tag.slice(0, 2)}>`;
}

/** The number as it is, beside the one that is shown. */
function rawOf(value: Value | undefined): number | null {
  switch (value?.kind) {
    case 'count':
    case 'per-request':
    case 'estimate':
      return value.value;
    case 'duration':
    case 'nanoseconds':
      return value.ns;
    case 'rate':
      return value.perS;
    case 'bytes':
      return value.bytes;
    case 'share':
      return value.share;
    case 'ratio':
    case 'factor':
      return value.ratio;
    case undefined:
    case 'none':
    case 'text':
    case 'findings':
      return null;
  }
}

function toneOf(value: Value | undefined): string {
  if (value?.kind === 'text') return value.tone === 'plain' ? '' : (value.tone ?? '');
  if (value?.kind === 'ratio') return value.verdict;
  return value?.kind === 'none' ? 'faint' : '';
}
