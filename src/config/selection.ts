import { distance } from 'fastest-levenshtein';
import picomatch from 'picomatch';

/** A name that is this far from what was typed is still offered as "did you mean". */
const SUGGESTION_DISTANCE_MAX = 4;

export interface Selection {
  /** In the order asked for; a name that is asked for twice is there twice. */
  readonly names: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Resolves a comma list of names and globs (`epoll-*,io_uring`) against the known names. A plain name
 * may repeat, for comparing a model with itself; a glob adds only names that are not there yet.
 */
export function select(list: string, known: readonly string[], what: string): Selection {
  const names: string[] = [];
  const problems: string[] = [];
  const items = list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) problems.push(`the list of ${what}s is empty`);
  for (const item of items) {
    if (known.includes(item)) {
      names.push(item);
      continue;
    }
    const isGlob = /[*?[\]{}!]/.test(item);
    const matches = isGlob ? matching(item, known) : [];
    if (matches.length === 0)
      problems.push(isGlob ? `no ${what} matches ${item}` : unknown(item, known, what));
    for (const match of matches) if (!names.includes(match)) names.push(match);
  }
  return { names, problems };
}

/** "unknown model epol-lt; did you mean epoll-lt?" */
export function unknown(name: string, known: readonly string[], what: string): string {
  const nearest = known
    .map((candidate) => ({ candidate, far: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)[0];
  const hint =
    nearest && nearest.far <= SUGGESTION_DISTANCE_MAX
      ? `did you mean ${nearest.candidate}?`
      : `known: ${known.join(', ')}`;
  return `unknown ${what} ${name}; ${hint}`;
}

function matching(glob: string, known: readonly string[]): string[] {
  const matches = picomatch(glob);
  return known.filter((name) => matches(name));
}
