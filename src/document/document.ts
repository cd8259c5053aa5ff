import type { Table } from './table.ts';

/**
 * What a command has to say, before it is a text: `reports/` makes it of data, `render/` writes it for a
 * terminal or as markdown.
 */
export interface Document {
  /** Empty where the only part says it all. */
  readonly title: string;
  /** Behind the title, such as that the run was interrupted; empty: nothing. */
  readonly status: string;
  /** Where and how it was measured: a line each. */
  readonly facts: readonly string[];
  readonly parts: readonly Part[];
  /** The numbers stand, but these must be read with them; repetitions are shown once. */
  readonly warnings: readonly string[];
  /** What it all comes to, in a sentence; null: the parts are all there is. */
  readonly conclusion: string | null;
}

export type Part =
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'chart'; readonly chart: Chart }
  /** What was found about something, each with what it means and the command that would change it. */
  | { readonly kind: 'findings'; readonly findings: readonly DocumentFinding[] }
  /** Sentences, a line each. */
  | { readonly kind: 'notes'; readonly lines: readonly string[] };

export interface DocumentFinding {
  readonly status: 'ok' | 'info' | 'warning' | 'problem';
  readonly title: string;
  readonly value: string;
  readonly meaning: string;
  /** A command; null: there is none, or no need. */
  readonly fix: string | null;
}

/** Lines through points. */
export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

export interface Axis {
  readonly label: string;
  /** Of `log`, 0 has a place of its own before the smallest value above it. */
  readonly scale: 'log';
  readonly unit: 'count' | 'ns';
}

export interface Series {
  readonly label: string;
  /** With ascending x. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** A document with what it has; the rest is empty. */
export function documentOf(parts: Partial<Document>): Document {
  return { title: '', status: '', facts: [], parts: [], warnings: [], conclusion: null, ...parts };
}

export function tablePart(table: Table): Part {
  return { kind: 'table', table };
}

export function notesPart(lines: readonly string[]): Part {
  return { kind: 'notes', lines };
}
