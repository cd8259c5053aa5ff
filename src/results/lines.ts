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

export interface TrialsReading {
  /** Whether histograms are wanted, which are most of what is stored; without them they are empty. Default: they are. */
  readonly histograms?: boolean;
}

/** In a text a quotation mark would have a backslash before it. */
const HISTOGRAM = /"histogram":\[[\d,]*\]/g;

/** Every line that is a trial; the others are named by their number. */
export function parseTrials(
  source: LineSource,
  { histograms = true }: TrialsReading = {},
): { trials: TrialResult[]; problems: string[] } {
  const what = { file: TRIALS_FILE, noun: 'trial' };
  const shorter = histograms ? null : (line: string) => line.replaceAll(HISTOGRAM, '"histogram":[]');
  const { items, problems } = parseLines(source, parseTrial, what, shorter);
  const { once, doubled } = onlyOnce(
    items,
    what,
    ({ block, label, workload, counter }) => JSON.stringify([block, label, workload, counter]),
    ({ block, label, workload }) => `${label} under ${workload} in block ${block + 1}`,
  );
  return { trials: once, problems: [...problems, ...doubled] };
}

/** Every line that is a calibration; the others are named by their number. */
export function parseCalibrations(source: LineSource): {
  calibrations: Calibration[];
  problems: string[];
} {
  const what = { file: CALIBRATIONS_FILE, noun: 'calibration' };
  const { items, problems } = parseLines(source, parseCalibration, what);
  const { once, doubled } = onlyOnce(
    items,
    what,
    ({ block }) => String(block),
    ({ block }) => `block ${block + 1}`,
  );
  return { calibrations: once, problems: [...problems, ...doubled] };
}

/**
 * The first of each: a file that was written twice, or put together of several, would count as more data
 * than was measured, and every interval would be too narrow.
 */
function onlyOnce<T>(
  items: readonly T[],
  { file, noun }: LinesOf,
  keyOf: (item: T) => string,
  shownAs: (item: T) => string,
): { once: T[]; doubled: string[] } {
  const first = new Map<string, T>();
  const again = new Map<string, string>();
  let lines = 0;
  for (const item of items) {
    const key = keyOf(item);
    if (!first.has(key)) first.set(key, item);
    else {
      lines++;
      again.set(key, shownAs(item));
    }
  }
  const [example] = again.values();
  return {
    once: [...first.values()],
    doubled:
      example === undefined
        ? []
        : [
            `${counted(lines, 'line')} of ${file} ${lines === 1 ? 'is' : 'are'} of a ${noun} that is there already, such as ${example}; only the first of each is used`,
          ],
  };
}

const parseTrial = parserOf(trialResultSchema);
const parseCalibration = parserOf(calibrationSchema);

/** Null for what a schema refuses. Nearly all lines are as this version writes them, and need no more than a look. */
function parserOf<T>(schema: z.ZodType<T>): (value: unknown) => T | null {
  const isWhole = conforms(schema);
  return (value) => {
    if (isWhole(value)) return value as T;
    const parsed = schema.safeParse(value);
    return parsed.success ? parsed.data : null;
  };
}

interface LinesOf {
  readonly file: string;
  readonly noun: string;
}

/** What the lines hold, and of those that hold something else the first few by number. */
function parseLines<T>(
  source: LineSource,
  parse: (value: unknown) => T | null,
  { file, noun }: LinesOf,
  shorter: ((line: string) => string) | null = null,
): { items: T[]; problems: string[] } {
  const items: T[] = [];
  const broken: number[] = [];
  const problems: string[] = [];
  let number = 0;
  for (const { text, ends, isClean } of linesOf(source)) {
    number++;
    if (text === '') continue;
    const line = shorter?.(text) ?? text;
    const value = parse(parseJson(line));
    if (value !== null) items.push(isClean ? value : cleanedJson(value, line));
    else if (ends) broken.push(number);
    else problems.push(`${file} ends in the middle of line ${number}; that ${noun} is left out`);
  }
  const named = broken.slice(0, LINES_NAMED_MAX);
  const more = broken.length - named.length;
  return {
    items,
    problems: [
      ...named.map((line) => `line ${line} of ${file} is not a ${noun}; it is left out`),
      ...(more > 0
        ? [
            `${counted(more, 'more line')} of ${file} ${more === 1 ? 'is not a' : 'are not a'} ${noun}; ${more === 1 ? 'it is' : 'they are'} left out`,
          ]
        : []),
      ...problems,
    ],
  };
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
