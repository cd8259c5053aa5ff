import { Option } from 'commander';
import { readTool } from '../build/package.ts';
import { commandText } from '../config/variants.ts';
import type { Document } from '../document/document-schema.ts';
import type { Exporter } from '../export/exporter.ts';
import { replaceFile } from '../results/store.ts';
import { UsageError } from '../util/errors.ts';
import { locateExports } from './export-files.ts';
import { write } from './output.ts';

const STDOUT = '/dev/stdout';
/** As far as it goes somewhere: what is in it is decided by the command. */
const PAGE: Exporter = { id: 'the report', title: 'a page', files: ['report.html'], write: () => [] };

/** What every command takes that can write a page. */
export interface ReportOptions {
  readonly report?: string;
}

/** `--report`, of the commands that print what a page can be made of. */
export function reportOption(): Option {
  return new Option('--report <file>', 'write it as a page as well: one HTML file with charts; - is stdout');
}

/** The command line as it was typed, to be typed again. */
export function typedCommand(): string {
  return commandText([readTool().name, ...process.argv.slice(2)]);
}

/** Where a page goes, found out before anything is measured. Throws as `locateExports` does. */
export async function locatePage(path: string): Promise<string> {
  const [target] = await locateExports([PAGE], path);
  return target?.paths[0] ?? path;
}

/** Writes the first chart of a document as an SVG of its own. Throws `UsageError` where it has none. */
export async function writeImage(document: Document, path: string): Promise<void> {
  const chart = document.parts.flatMap((part) => (part.kind === 'chart' ? [part.chart] : []))[0];
  const { renderSvgFile } = await import('../render/html/svg.ts');
  const svg = chart === undefined ? '' : renderSvgFile(chart);
  if (svg === '') throw new UsageError('--image: there is no chart in this report');
  const file = await locatePage(path);
  if (file === STDOUT) return write(svg);
  await replaceFile(file, svg, 'name another file');
}

/** Writes a document as a page. What draws it is loaded here, for most commands draw nothing. */
export async function writePage(document: Document, path: string): Promise<void> {
  const file = await locatePage(path);
  const { renderHtml } = await import('../render/html/page.ts');
  const { name, version } = readTool();
  const html = renderHtml(document, { tool: `${name} ${version}` });
  if (file === STDOUT) return write(html);
  await replaceFile(file, html, 'name another file');
  process.stderr.write(`report in ${file}\n`);
}
