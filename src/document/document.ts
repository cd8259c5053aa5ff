import type { Document, Part, Table } from './document-schema.ts';

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
