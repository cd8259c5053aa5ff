import { Option } from 'commander';
import { readTool } from '../build/package.ts';
import type { Document } from '../document/document-schema.ts';
import { replaceFile } from '../results/store.ts';
import { write } from './output.ts';

/** `--report`, of the commands that print a document. */
export function reportOption(): Option {
  return new Option('--report <file>', 'write it as a page as well: one HTML file with charts; - is stdout');
}

/** Writes a document as a page. What draws it is loaded here, for most commands draw nothing. */
export async function writePage(document: Document, path: string): Promise<void> {
  const { renderHtml } = await import('../render/html/page.ts');
  const { name, version } = readTool();
  const html = renderHtml(document, { tool: `${name} ${version}` });
  if (path === '-') return write(html);
  await replaceFile(path, html, 'name another file');
  process.stderr.write(`report in ${path}\n`);
}
