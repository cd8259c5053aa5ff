import type { ShapeId } from '../evidence.ts';
import type { ClaimKind, Observed, Scalar } from './verdict-schema.ts';

/** A claim of the guide: what it says, what is true by which source, and what would decide it here. */
export interface Claim {
  readonly id: string;
  readonly kind: ClaimKind;
  /** Our paraphrase, with the guide's own words where they matter. */
  readonly text: string;
  /** What holds by the source, whatever this host says. */
  readonly truth: string;
  readonly source: string;
  /** One to three; `verdict.ts` makes one verdict of what they say. */
  readonly assertions: Assertions;
}

/** In the order in which they are told. */
export type Assertions = readonly Assertion[];

/** A section of the guide with its claims, in the order of the guide. */
export interface ClaimSection {
  readonly title: string;
  readonly claims: readonly Claim[];
}

/** A number that something else supplies. Loads are those of `evidence.ts`, models those of the registry. */
export type NumberRef =
  /** A single cost or a difference of some, per operation in ns unless said otherwise. */
  | { readonly from: 'cost'; readonly id: string; readonly in?: 'cycles' | 'tscCycles' }
  /** Of one row under one load. */
  | { readonly from: 'cell'; readonly model: string; readonly load: ShapeId; readonly of: CellNumber }
  /** A row over another, paired within the blocks of a run. */
  | {
      readonly from: 'pair';
      readonly model: string;
      readonly base: string;
      readonly load: ShapeId;
      readonly of: PairNumber;
    }
  /** What it costs that somebody counts the calls of a row. */
  | {
      readonly from: 'tracing';
      readonly model: string;
      readonly load: ShapeId;
      readonly by: 'strace' | 'tracepoint';
    }
  /** A number that a probe observed. */
  | { readonly from: 'probe'; readonly id: string; readonly value: string }
  | { readonly from: 'host'; readonly fact: HostNumber }
  /** Of the claim's own text. */
  | { readonly from: 'number'; readonly value: number };

/**
 * `calls`: system calls per request; `cpu`: server CPU, ns per request; `events`: reported by one wait; `p99`: response
 * time, ns; `threads` of the server.
 */
export type CellNumber = 'calls' | 'cpu' | 'events' | 'p99' | 'threads';
/** Throughput and server CPU per request; of the latter, below 1 is cheaper. */
export type PairNumber = 'throughput' | 'cpu';
export type HostNumber = 'cpus' | 'numa-nodes' | 'open-files';

/** A number, or what is computed of some. */
export type Amount =
  | NumberRef
  | { readonly op: 'minus' | 'over' | 'times'; readonly left: Amount; readonly right: Amount };

/** Costs that differ in a count, or what a sweep says of a row with so many active connections. */
export type SeriesRef =
  | { readonly from: 'costs'; readonly points: readonly { readonly n: number; readonly id: string }[] }
  | { readonly from: 'scale'; readonly model: string; readonly active: number };

/** Where the claim holds; an edge that is missing is none. */
export interface Band {
  readonly low?: number;
  readonly high?: number;
}

/** What the claim says will be observed. Nothing but this holds. */
export type Expected =
  | { readonly equals: Observed }
  | { readonly oneOf: readonly Scalar[] }
  | { readonly atLeast: number }
  | { readonly atMost: number }
  /** A kernel release, such as 5.10. */
  | { readonly since: string };

/** A value of a probe, or several of them together, in this order. */
export interface ProbeRef {
  readonly from: 'probe';
  readonly id: string;
  readonly value: string | readonly string[];
}
export interface HostRef {
  readonly from: 'host';
  readonly fact: HostText;
}
export type HostText = 'kernel' | 'architecture' | 'libc' | 'user';

/** A control: where it is not as expected, what was observed beside it says nothing. */
export interface Given {
  readonly ref: ProbeRef | HostRef;
  readonly is: Expected;
}

/** What this host must have for an assertion to mean anything. */
export type Requirement =
  | { readonly kernel: string }
  | { readonly cpus: number }
  | { readonly numaNodes: number }
  | { readonly openFiles: number }
  | { readonly libc: 'glibc' };

interface Common {
  /** The part of the claim or the set-up that it is about, as a noun phrase; what *depends* names. */
  readonly about: string;
  readonly requires?: readonly Requirement[];
  readonly given?: readonly Given[];
}

interface Banded extends Common {
  readonly of: Amount;
  readonly band: Band;
  /** Each edge is this share of itself wide: within it nothing is decided. Absent: that of the kind. */
  readonly noise?: number;
  /** How the number is called in the evidence. */
  readonly name: string;
}

/**
 * What would decide a claim, or a part of it, as data: it says when the claim HOLDS. Each kind has one checker
 * (`checkers.ts`), which answers whatever was observed.
 */
export type Assertion =
  /** Time, in ns. */
  | ({ readonly kind: 'cost' } & Banded)
  /** Times something else. */
  | ({ readonly kind: 'ratio' } & Banded)
  /** Calls, events, threads, bytes. */
  | ({ readonly kind: 'count'; readonly unit: string } & Banded)
  /** How a cost grows with the count that it is measured over. */
  | ({ readonly kind: 'growth'; readonly of: SeriesRef; readonly is: Growth } & Common)
  /** What a probe saw the kernel or the C library do. */
  | ({ readonly kind: 'behaviour'; readonly ref: ProbeRef; readonly is: Expected } & Common)
  /** What is so without anything happening: sizes, names, opcodes, what compiles. */
  | ({ readonly kind: 'fact'; readonly ref: ProbeRef | HostRef; readonly is: Expected } & Common)
  /** Answered by a document and never by this host: it holds where both say the same. */
  | ({
      readonly kind: 'source';
      readonly claimed: string;
      readonly documented: string;
      readonly source: string;
    } & Pick<Common, 'about'>);

export type AssertionKind = Assertion['kind'];

/** No more than so: O(log N) holds for what is constant too. O(N) is no less than nearly linear, and no square. */
export type Growth = 'O(1)' | 'O(log N)' | 'O(N)';
