import { Option } from 'commander';
import type { Document } from '../document/document-schema.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderDocument } from '../render/terminal.ts';
import { cleanText } from '../results/clean.ts';
import { codeOf, isReaderGone, OutputError } from '../util/errors.ts';
import { terminalOf } from './terminal-options.ts';

/** How wide to print on stdout, and whether in colour. */
export function terminal(): { width: number; color: boolean } {
  const { isTTY, columns } = process.stdout;
  return terminalOf({ isTTY: isTTY === true, columns, env: process.env });
}

/** Writes all of it to stdout; a reader that went away (`| head`) is not an error. Rejects with `OutputError`. */
export function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error && !isReaderGone(error)) reject(outputError(error));
      else resolve();
    });
  });
}

function outputError(cause: Error): OutputError {
  return new OutputError(`cannot write to stdout: ${codeOf(cause) ?? cause.message}`, { cause });
}

/** What every command that prints a document takes. */
export interface PrintOptions {
  readonly results: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** `--markdown`, for every command that prints a document. */
export function markdownOption(): Option {
  return new Option('--markdown', 'print markdown instead of a table for the terminal').conflicts('json');
}

/** Prints a document on stdout, and below it where it is stored. */
export function writeDocument(
  document: Document,
  options: { readonly markdown?: boolean; readonly stored?: string },
): Promise<void> {
  if (options.markdown) return write(`${renderMarkdown(document)}\n`);
  // A folder may be called anything.
  const lines = (options.stored ?? '').split('\n').map(cleanText);
  const stored = options.stored === undefined ? '' : `\n${lines.join('\n')}`;
  return write(`${renderDocument(document, terminal())}${stored}\n`);
}
