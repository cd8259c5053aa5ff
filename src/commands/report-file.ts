import { Option } from 'commander';
import { readTool } from '../build/package.ts';
import { commandText } from '../config/variants.ts';
import type { Document } from '../document/document-schema.ts';
import type { Exporter } from '../export/exporter.ts';
import { replaceFile } from '../results/store.ts';
import { UsageError } from '../util/errors.ts';
import { locateExports } from './export-targets.ts';
import { write } from './output.ts';

const STDOUT = '/dev/stdout';
/** As far as they go somewhere: what is in them is decided by the command. */
const PAGE: Exporter = { id: 'the report', title: 'a page', files: ['report.html'], write: () => [] };
const IMAGE: Exporter = { id: 'the image', title: 'a chart', files: ['chart.svg'], write: () => [] };

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
export function locatePage(path: string): Promise<string> {
  return locate(PAGE, path);
}

async function locate(what: Exporter, path: string): Promise<string> {
  const [target] = await locateExports([what], path);
  return target?.paths[0] ?? path;
}

/**
 * Where an image goes beside a page, or beside what is printed. Throws as `locateExports` does, and `UsageError` where both would go
 * to one place.
 * @param page its path; null: the document is printed.
 */
export async function locateImage(path: string, page: string | null): Promise<string> {
  const image = await locate(IMAGE, path);
  const other = page === null ? STDOUT : await locatePage(page);
  if (image === other)
    throw new UsageError(`--image ${path}: the report goes there as well; name another file`);
  return image;
}

/** Writes the first chart of a document as an SVG of its own. Throws `UsageError` where it has none. */
export async function writeImage(document: Document, path: string): Promise<void> {
  const chart = document.parts.find((part) => part.kind === 'chart')?.chart;
  if (chart === undefined)
    throw new UsageError(
      '--image: there is no chart in this report, for nothing was measured that one could show',
    );
  const { renderSvgFile } = await import('../render/html/svg.ts');
  const svg = renderSvgFile(chart);
  const file = await locate(IMAGE, path);
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
