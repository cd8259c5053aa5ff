import type { Value } from './value-schema.ts';

/** What a table says, before it is a text: `render/` alone knows how a value looks. */
export interface Table {
  readonly title: string;
  readonly columns: readonly Column[];
  /** By column key; a key that is missing is an empty cell. */
  readonly rows: readonly Row[];
  /** Sentences that belong under the table. */
  readonly notes: readonly string[];
}

export interface Column {
  readonly key: string;
  /** One or two lines. */
  readonly header: string;
  readonly align: 'left' | 'right';
  /** 0 is always shown; where the width does not suffice, the highest goes first. */
  readonly priority: number;
  /** Holds text that may go on in a further line of the cell; before that, no column is left out. */
  readonly wrap?: boolean;
}

export type Row = Readonly<Record<string, Value>>;

export type Tone = 'plain' | 'strong' | 'faint';

export const NONE = { kind: 'none' } as const satisfies Value;

export function text(value: string, tone: Tone = 'plain'): Extract<Value, { kind: 'text' }> {
  return { kind: 'text', text: value, tone };
}
