import type { WriteStream } from 'node:tty';
import { Argument, Option } from 'commander';
import pc from 'picocolors';
import type { Document } from '../document/document-schema.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderDocument } from '../render/terminal.ts';
import { cleanText } from '../results/clean.ts';

/** Width where it is not known: a pipe, a file, a CI log. */
const WIDTH_DEFAULT = 120;
const WIDTH_MIN = 60;

/** How wide to print, and whether in colour: NO_COLOR, FORCE_COLOR and non-terminals are honoured. */
export function terminal(stream: WriteStream | NodeJS.WriteStream): { width: number; color: boolean } {
  const asked = Number(process.env.COLUMNS);
  const width = stream.isTTY ? stream.columns : asked;
  return {
    width: Math.max(WIDTH_MIN, width > 0 ? width : WIDTH_DEFAULT),
    color: stream.isTTY === true && pc.isColorSupported,
  };
}

/** Writes all of it to stdout; a reader that went away (`| head`) is not an error. */
export function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error && 'code' in error && error.code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}

/** What every command that prints a document takes. */
export interface PrintOptions {
  readonly results: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** The run that `show`, `tables` and `export` are about. */
export function runArgument(): Argument {
  return new Argument(
    '[run]',
    'a run id, a run folder, a run.json, a file of the json export or baseline:<name>; default: the newest under --results',
  );
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
  return write(`${renderDocument(document, terminal(process.stdout))}${stored}\n`);
}
