import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

const SHOWN_CHARS_MAX = 60;
/** A file of nonsense has thousands of unknown members; naming them all helps nobody. */
const UNKNOWN_SHOWN_MAX = 20;

/**
 * All that a schema found wrong, one line each: the JSON path, what is wrong, what it must be.
 * `members` are the names that an object may have, for unknown ones.
 *
 * The values shown are the user's, so they are cut and made printable.
 */
export function problemsOf(issues: readonly Issue[], members: readonly string[]): string[] {
  // An integer out of the safe range is also over the limit of its member, which says more.
  return issues
    .filter((issue) => !(issue.code === 'too_big' && issue.origin === 'int'))
    .flatMap((issue) => linesOf(issue, members));
}

/** Text of unknown origin for a terminal: control and direction characters become `\u{...}`. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
  );
}

/** ` (did you mean "x"?)` where one of the names is near, else nothing. */
export function didYouMean(name: string, names: readonly string[]): string {
  if (names.length === 0 || name.length > SHOWN_CHARS_MAX) return '';
  const nearest = closest(name, [...names]);
  const near = distance(name, nearest) <= Math.max(1, Math.floor(nearest.length / 3));
  return near ? ` (did you mean "${nearest}"?)` : '';
}

function linesOf(issue: Issue, members: readonly string[]): string[] {
  if (issue.code !== 'unrecognized_keys') return [`${jsonPath(issue.path)}: ${textOf(issue)}`];
  const lines = issue.keys
    .slice(0, UNKNOWN_SHOWN_MAX)
    .map(
      (key) =>
        `${jsonPath([...issue.path, key])}: unknown member${didYouMean(key, members)}; ` +
        `known are ${members.join(', ')}`,
    );
  const more = issue.keys.length - lines.length;
  return more > 0 ? [...lines, `${jsonPath(issue.path)}: ${more} more unknown members`] : lines;
}

function textOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue);
    case 'too_big':
      if (issue.origin === 'string') return `is longer than ${issue.maximum} characters`;
      return `${shown(issue.input)} is over the limit of ${issue.maximum}`;
    case 'too_small':
      if (issue.origin === 'string') return 'is empty; must be text';
      return `${shown(issue.input)} is too small; must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'invalid_value':
      return `${given(issue.input)}; must be ${oneOf(issue.values)}`;
    case 'invalid_union':
      return wrongVariant(issue);
    case 'invalid_format':
      return `${shown(issue.input)} ${issue.message}`;
    case 'custom':
      return issue.message;
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a string',
  object: 'an object',
};

function wrongType(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  const wanted = TYPE_NAMES[issue.expected] ?? issue.expected;
  return `${given(issue.input)}; must be ${wanted}`;
}

/** The issue stands at the discriminator, its input is the object around it. */
function wrongVariant(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  if (issue.inclusive === false || issue.discriminator === undefined) return issue.message;
  const input = issue.input;
  const value =
    typeof input === 'object' && input !== null ? Reflect.get(input, issue.discriminator) : undefined;
  return `${given(value)}; must be ${oneOf(issue.options ?? [])}`;
}

/** A missing member and one that is there need different words. */
function given(input: unknown): string {
  if (input === undefined) return 'is missing';
  if (input === null) return 'is null';
  if (Array.isArray(input)) return 'is a list';
  if (typeof input === 'object') return 'is an object';
  if (typeof input === 'number' && !Number.isFinite(input)) return 'is too large for a number';
  return `is ${shown(input)}`;
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map((value) => JSON.stringify(value));
  const last = names.pop();
  return names.length === 0 ? String(last) : `${names.join(', ')} or ${last}`;
}

/** A value as JSON, cut and printable. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return printable(text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}...` : text);
}

/** `$.active`, `$.list[2]`, `$["odd name"]`. */
function jsonPath(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    const name = String(step);
    return /^[A-Za-z_$][\w$]*$/.test(name) && name.length <= SHOWN_CHARS_MAX
      ? `.${name}`
      : `[${shown(name)}]`;
  });
  return `$${steps.join('')}`;
}
