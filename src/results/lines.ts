import { isAscii } from 'node:buffer';
import { readSync } from 'node:fs';
import type { z } from 'zod';
import { counted } from '../util/units.ts';
import { cleanedJson, isCleanJson } from './clean.ts';
import { conforms } from './conforms.ts';
import { type Calibration, calibrationSchema, type TrialResult, trialResultSchema } from './schema.ts';

export const TRIALS_FILE = 'trials.ndjson';
export const CALIBRATIONS_FILE = 'calibrations.ndjson';
/** So many broken lines are named one by one. */
const LINES_NAMED_MAX = 5;
const PIECE_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** How the trials of a run are read. */
export interface TrialsReading<Kept> {
  /** What is kept of a trial: only one at a time is in memory as a whole. */
  readonly keep: (trial: TrialResult) => Kept;
  /** Whether histograms are wanted, which are most of what is stored; without them they are empty. */
  readonly histograms: boolean;
}

/** All of every trial. */
export const WHOLE: TrialsReading<TrialResult> = { keep: (trial) => trial, histograms: true };

const TRIAL: LineKind<TrialResult> = {
  file: TRIALS_FILE,
  noun: 'trial',
  parse: parserOf(trialResultSchema),
  // The length says where a name ends that may hold anything.
  keyOf: ({ block, label, workload, counter }) =>
    `${block} ${counter} ${workload.length} ${workload} ${label}`,
  shownAs: ({ block, label, workload }) => `${label} under ${workload} in block ${block + 1}`,
};

const CALIBRATION: LineKind<Calibration> = {
  file: CALIBRATIONS_FILE,
  noun: 'calibration',
  parse: parserOf(calibrationSchema),
  keyOf: ({ block }) => String(block),
  shownAs: ({ block }) => `block ${block + 1}`,
};

/** In a text a quotation mark would have a backslash before it. */
const HISTOGRAM = /"histogram":\[[\d,]*\]/g;

/** Every line that is a trial; the others are named by their number. */
export function parseTrials(source: LineSource): { trials: TrialResult[]; problems: string[] } {
  return readTrials(source, WHOLE);
}

/** What is kept of every line that is a trial; the others are named by their number. */
export function readTrials<Kept>(
  source: LineSource,
  { keep, histograms }: TrialsReading<Kept>,
): { trials: Kept[]; problems: string[] } {
  const shorter = (line: string) => line.replaceAll(HISTOGRAM, '"histogram":[]');
  const { items, problems } = parseLines(source, TRIAL, { keep, shorter: histograms ? null : shorter });
  return { trials: items, problems };
}

/** Every line that is a calibration; the others are named by their number. */
export function parseCalibrations(source: LineSource): {
  calibrations: Calibration[];
  problems: string[];
} {
  const { items, problems } = parseLines(source, CALIBRATION, { keep: (item) => item, shorter: null });
  return { calibrations: items, problems };
}

/** Null for what a schema refuses. Nearly all lines are as this version writes them, and need no more than a look. */
function parserOf<T>(schema: z.ZodType<T>): (value: unknown) => T | null {
  const isWhole = conforms(schema);
  return (value) => {
    if (isWhole(value)) return value as T;
    const parsed = schema.safeParse(value);
    return parsed.success ? parsed.data : null;
  };
}

/** What the lines of a file are. */
interface LineKind<T> {
  readonly file: string;
  readonly noun: string;
  /** Null for what is none. */
  readonly parse: (value: unknown) => T | null;
  /** What no two of them share. */
  readonly keyOf: (item: T) => string;
  readonly shownAs: (item: T) => string;
}

interface LinesReading<T, Kept> {
  readonly keep: (item: T) => Kept;
  /** What is parsed instead of a line; null: the line. */
  readonly shorter: ((line: string) => string) | null;
}

/**
 * What is kept of the lines, and of those that hold something else the first few by number. Of each only the first is used: a file
 * that was written twice, or put together of several, would count as more data than was measured, and every interval would be
 * too narrow.
 */
function parseLines<T, Kept>(
  source: LineSource,
  { file, noun, parse, keyOf, shownAs }: LineKind<T>,
  { keep, shorter }: LinesReading<T, Kept>,
): { items: Kept[]; problems: string[] } {
  const items: Kept[] = [];
  const known = new Set<string>();
  const broken: string[] = [];
  const again: string[] = [];
  let cut: string[] = [];
  let number = 0;
  for (const { text, ends, isClean } of linesOf(source)) {
    number++;
    if (text === '') continue;
    const line = shorter?.(text) ?? text;
    const parsed = parse(parseJson(line));
    if (parsed === null) {
      if (ends) broken.push(`line ${number} of ${file} is not a ${noun}; it is left out`);
      else cut = [`${file} ends in the middle of line ${number}; that ${noun} is left out`];
      continue;
    }
    const item = isClean ? parsed : cleanedJson(parsed, line);
    const key = keyOf(item);
    if (known.has(key)) again.push(shownAs(item));
    else items.push(keep(item));
    known.add(key);
  }
  return { items, problems: [...firstOf(broken, { file, noun }), ...cut, ...doubled(again, { file, noun })] };
}

function firstOf(broken: readonly string[], { file, noun }: { file: string; noun: string }): string[] {
  const more = broken.length - LINES_NAMED_MAX;
  const rest = `${counted(more, 'more line')} of ${file} ${more === 1 ? `is not a ${noun}; it is` : `are not a ${noun}; they are`} left out`;
  return [...broken.slice(0, LINES_NAMED_MAX), ...(more > 0 ? [rest] : [])];
}

/** @param again what is there already, by line. */
function doubled(again: readonly string[], { file, noun }: { file: string; noun: string }): string[] {
  const [example] = again;
  if (example === undefined) return [];
  return [
    `${counted(again.length, 'line')} of ${file} ${again.length === 1 ? 'is' : 'are'} of a ${noun} that is there already, such as ${example}; only the first of each is used`,
  ];
}

interface Line {
  readonly text: string;
  /** Whether a line break ends it. */
  readonly ends: boolean;
  /** Whether it is known that `cleanedJson` would change nothing. */
  readonly isClean: boolean;
}

/** A text, or a file that is open for reading. */
export type LineSource = string | { readonly fd: number };

/** Read again and again: what a file takes of the memory is one piece of it, and the line that it is in. */
let piece = Buffer.alloc(PIECE_BYTES);

function* linesOf(source: LineSource): Generator<Line> {
  if (typeof source === 'string') {
    const lines = source.split('\n');
    for (const [i, text] of lines.entries()) yield { text, ends: i < lines.length - 1, isClean: false };
    return;
  }
  let kept = 0;
  for (;;) {
    if (kept === piece.length) piece = Buffer.concat([piece, Buffer.alloc(piece.length)]);
    const bytes = piece.subarray(0, kept + readSync(source.fd, piece, { offset: kept }));
    if (bytes.length === kept) break;
    const encoding = encodingOf(bytes);
    const isClean = isCleanJson(bytes);
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      yield { text: bytes.toString(encoding, start, end), ends: true, isClean };
      start = end + 1;
    }
    kept = bytes.copy(piece, 0, start);
  }
  if (kept === 0) return;
  const rest = piece.subarray(0, kept);
  yield { text: rest.toString(encodingOf(rest)), ends: false, isClean: false };
}

/** Of ASCII the same text in half of the time. */
function encodingOf(bytes: Buffer): 'latin1' | 'utf8' {
  return isAscii(bytes) ? 'latin1' : 'utf8';
}

/** Undefined, which no schema takes, for what is not JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
