import { isAscii } from 'node:buffer';
import type { z } from 'zod';
import { counted } from '../util/units.ts';
import { cleanedJson } from './clean.ts';
import { conforms } from './conforms.ts';
import { type Calibration, calibrationSchema, type TrialResult, trialResultSchema } from './schema.ts';

export const TRIALS_FILE = 'trials.ndjson';
export const CALIBRATIONS_FILE = 'calibrations.ndjson';
/** So many broken lines are named one by one. */
const LINES_NAMED_MAX = 5;

export interface TrialsReading {
  /** Whether histograms are wanted, which are most of what is stored; without them they are empty. Default: they are. */
  readonly histograms?: boolean;
}

/** In a text a quotation mark would have a backslash before it. */
const HISTOGRAM = /"histogram":\[[\d,]*\]/g;

/** Every line that is a trial; the others are named by their number. */
export function parseTrials(
  source: string | Buffer,
  { histograms = true }: TrialsReading = {},
): { trials: TrialResult[]; problems: string[] } {
  const what = { file: TRIALS_FILE, noun: 'trial' };
  const shorter = histograms ? null : (line: string) => line.replaceAll(HISTOGRAM, '"histogram":[]');
  const { items, problems } = parseLines(source, parseTrial, what, shorter);
  const { once, doubled } = onlyOnce(items, what, (trial) => ({
    key: JSON.stringify([trial.block, trial.label, trial.workload, trial.counter]),
    shown: `${trial.label} under ${trial.workload} in block ${trial.block + 1}`,
  }));
  return { trials: once, problems: [...problems, ...doubled] };
}

/** Every line that is a calibration; the others are named by their number. */
export function parseCalibrations(source: string | Buffer): {
  calibrations: Calibration[];
  problems: string[];
} {
  const what = { file: CALIBRATIONS_FILE, noun: 'calibration' };
  const { items, problems } = parseLines(source, parseCalibration, what);
  const { once, doubled } = onlyOnce(items, what, ({ block }) => ({
    key: String(block),
    shown: `block ${block + 1}`,
  }));
  return { calibrations: once, problems: [...problems, ...doubled] };
}

/**
 * The first of each: a file that was written twice, or put together of several, would count as more data
 * than was measured, and every interval would be too narrow.
 */
function onlyOnce<T>(
  items: readonly T[],
  { file, noun }: LinesOf,
  identify: (item: T) => { readonly key: string; readonly shown: string },
): { once: T[]; doubled: string[] } {
  const first = new Map<string, T>();
  const again = new Map<string, string>();
  let lines = 0;
  for (const item of items) {
    const { key, shown } = identify(item);
    if (!first.has(key)) first.set(key, item);
    else {
      lines++;
      again.set(key, shown);
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
  source: string | Buffer,
  parse: (value: unknown) => T | null,
  { file, noun }: LinesOf,
  shorter: ((line: string) => string) | null = null,
): { items: T[]; problems: string[] } {
  const items: T[] = [];
  const broken: number[] = [];
  const problems: string[] = [];
  let number = 0;
  for (const { text, ends } of linesOf(source)) {
    number++;
    if (text === '') continue;
    const line = shorter?.(text) ?? text;
    const value = parse(parseJson(line));
    if (value !== null) items.push(cleanedJson(value, line));
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
}

/** Of bytes one line after the other becomes a text, so that no text of the whole file is ever in memory. */
function* linesOf(source: string | Buffer): Generator<Line> {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  // The same texts, in half of the time.
  const encoding = isAscii(bytes) ? 'latin1' : 'utf8';
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf('\n', start);
    const end = found < 0 ? bytes.length : found;
    yield { text: bytes.toString(encoding, start, end), ends: found >= 0 };
    start = end + 1;
  }
}

/** Undefined, which no schema takes, for what is not JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
