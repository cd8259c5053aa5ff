import type { Chart } from './chart-schema.ts';
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

export function headingPart(text: string): Part {
  return { kind: 'heading', text };
}

export function commandsPart(lines: readonly string[]): Part {
  return { kind: 'commands', lines };
}

/** Those that there are. */
export function chartParts(charts: readonly (Chart | null)[]): Part[] {
  return charts.flatMap((chart) => (chart === null ? [] : [{ kind: 'chart' as const, chart }]));
}

/** Parts under a heading; nothing where there are none. */
export function section(heading: string, parts: readonly Part[]): Part[] {
  return parts.length === 0 ? [] : [headingPart(heading), ...parts];
}
