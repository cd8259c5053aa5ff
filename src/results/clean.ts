import { isAscii } from 'node:buffer';

/** Controls, characters without a picture that turn the direction of a line, and halves of a pair. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu;
/** What ends or tabulates a line, on a terminal or in a log that a CI service reads for commands. */
const LINE_BREAKS = /[ \t]*[\n\v\f\r\u{85}\u{2028}\u{2029}][\s\u{85}]*|\t/gu;

/** What nothing of the rest would change: nearly all texts of a run, of which there are tens of thousands. */
const PLAIN = /^(?:[\x20-\x22\x24-\x39\x3b-\x7e]|:(?!:)|#(?!#\[))*$/;
/** What GitHub's runner takes for a command where it opens a line of a log, after blanks: `::name::`, `##[name]`. */
const COMMANDS = /:(?=:)|#(?=#\[)/g;

/**
 * A text of a file, as one line that can be printed anywhere: a line break becomes a space, any other
 * character that a terminal would obey, or that hides others, becomes U+FFFD. Nor is any part of it, however
 * the line is broken, a command to the runner of a CI service.
 */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll(LINE_BREAKS, ' ').replaceAll(UNPRINTABLE, '\u{FFFD}').replaceAll(COMMANDS, '$& ');
}

/** What JSON holds none of whose texts `cleaned` would change, as nearly all lines of trials. */
const UNCLEAN_JSON = /[^\x20-\x5b\x5d-\x7e]|::|##\[/;

/** What JSON text holds, with every text in it clean; see `cleaned`. @param json that `value` was read from, on one line. */
export function cleanedJson<T>(value: T, json: string): T {
  return UNCLEAN_JSON.test(json) ? cleaned(value) : value;
}

/** Whether `cleanedJson` would change nothing of any line of JSON in these bytes: faster than to look at each. */
export function isCleanJson(lines: Buffer): boolean {
  return isAscii(lines) && !['\\', '\u007f', '::', '##['].some((text) => lines.includes(text));
}

/**
 * What was read from a file, with every text in it clean, the names of members too. Whoever wrote the file
 * is not known: a run may come from another host or from the artifact of a CI job. Apply it to what a
 * schema has passed: how deep that goes is known.
 */
export function cleaned<T>(value: T): T {
  return cleanedValue(value) as T;
}

function cleanedValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanedValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), cleanedValue(item)]));
}
