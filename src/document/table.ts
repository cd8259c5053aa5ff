import type { Interval } from '../stats/bootstrap.ts';

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

export type Value =
  | { readonly kind: 'text'; readonly text: string; readonly tone?: Tone }
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'rate'; readonly perS: number }
  /** `enough` false: too few samples to believe it. */
  | { readonly kind: 'duration'; readonly ns: number; readonly enough: boolean }
  | { readonly kind: 'nanoseconds'; readonly ns: number }
  | { readonly kind: 'per-request'; readonly value: number }
  | { readonly kind: 'bytes'; readonly bytes: number }
  | {
      readonly kind: 'ratio';
      readonly ratio: number;
      readonly interval: Interval | null;
      readonly verdict: 'better' | 'worse' | 'no-difference' | 'unclear' | 'unknown';
      /** Of CPU per request, in a column of throughput. */
      readonly apart: boolean;
    }
  /** In the unit that the column names; may be negative. */
  | { readonly kind: 'estimate'; readonly value: number; readonly interval: Interval | null }
  | { readonly kind: 'share'; readonly share: number }
  /** Several times something; where there is no interval, the range over the blocks. */
  | {
      readonly kind: 'factor';
      readonly ratio: number;
      readonly interval: Interval | null;
      readonly range: Interval;
    }
  /** What several things showed, each in a line of its own. */
  | { readonly kind: 'findings'; readonly findings: readonly FigureGroup[] }
  /** Could not be measured. */
  | { readonly kind: 'none' };

/** Named numbers about one thing. */
export interface FigureGroup {
  /** What they are about, such as `epoll-lt, c10k`; empty where the table says it. */
  readonly about: string;
  readonly figures: readonly Figure[];
}

/** A number, or a verdict, with what stands before and behind it. */
export interface Figure {
  readonly name: string;
  readonly value: Value;
  /** Such as `calls/req`. */
  readonly unit: string;
}

export type Tone = 'plain' | 'strong' | 'faint';

export const NONE: Value = { kind: 'none' };

export function text(value: string, tone: Tone = 'plain'): Value {
  return { kind: 'text', text: value, tone };
}
