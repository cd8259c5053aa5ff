import { distance } from 'fastest-levenshtein';
import picomatch from 'picomatch';

/** A name that is this far from what was typed is still offered as "did you mean". */
const SUGGESTION_DISTANCE_MAX = 4;

export interface Selection {
  /** In the order asked for; a name that is asked for twice is there twice. */
  readonly names: readonly string[];
  readonly problems: readonly string[];
  /** Names that globs match and do not take, with what would take them; null: none. */
  readonly note: string | null;
}

/** Names that a glob takes only where it says `word`: `*-guide*`, `{poll,poll-guide}`. */
export interface SetApart {
  readonly names: readonly string[];
  readonly word: string;
  /** What is the matter with them, as a noun phrase. */
  readonly why: string;
}

/** An item of a list: a name or a glob; `excluded` where a `!` stands before it. */
interface Item {
  readonly pattern: string;
  readonly excluded: boolean;
}

/**
 * Resolves a comma list of names and globs (`epoll-*,!epoll-et,io_{uring,other}`) against the known names.
 * A plain name may repeat, for comparing a model with itself; a glob adds only names that are not there
 * yet. What `!` excludes is out wherever it stands, and a list of nothing else starts from all names.
 * @param apart names that neither a glob nor such a list takes without being told to.
 */
export function select(list: string, known: readonly string[], what: string, apart?: SetApart): Selection {
  const problems: string[] = [];
  const items = itemsOf(list);
  if (items.length === 0) problems.push(`the list of ${what}s is empty`);
  const isApart = (name: string, { pattern, excluded }: Item) =>
    apart?.names.includes(name) === true && !excluded && !pattern.includes(apart.word);
  const namesOf = (item: Item): readonly string[] => {
    const { pattern } = item;
    if (known.includes(pattern)) return [pattern];
    const matches = isGlob(pattern) ? matching(pattern, known) : [];
    if (matches.length === 0)
      problems.push(isGlob(pattern) ? `no ${what} matches ${pattern}` : unknown(pattern, known, what));
    return matches;
  };
  const all: Item = { pattern: '*', excluded: false };
  const excludesOnly = items.length > 0 && items.every(({ excluded }) => excluded);
  const matched = (excludesOnly ? [all, ...items] : items).map((item) => ({ ...item, names: namesOf(item) }));
  const named = matched.map((item) => ({
    ...item,
    names: item.names.filter((name) => name === item.pattern || !isApart(name, item)),
  }));
  const out = new Set(named.flatMap(({ excluded, names }) => (excluded ? names : [])));
  const wanted: string[] = [];
  for (const { pattern, excluded, names } of named) {
    if (excluded) continue;
    for (const name of names) if (name === pattern || !wanted.includes(name)) wanted.push(name);
  }
  const names = wanted.filter((name) => !out.has(name));
  const left = [...new Set(matched.flatMap((item) => item.names))].filter(
    (name) => !out.has(name) && !wanted.includes(name),
  );
  const note = apart === undefined || left.length === 0 ? null : leftOut(left, list, apart);
  if (names.length === 0 && problems.length === 0) problems.push(note ?? `${list} excludes every ${what}`);
  return { names, problems, note };
}

function leftOut(names: readonly string[], list: string, { word, why }: SetApart): string {
  const them = names.length === 1 ? 'it' : 'them';
  return `${list} leaves out ${names.join(', ')}, ${why}: a name, or a glob that says ${word}, takes ${them}`;
}

/**
 * A test for names by the same lists, where it is not known what there is: true where an item matches.
 * @param whole makes a pattern of the whole name of what an item says.
 */
export function matcherOf(
  list: string,
  whole: (pattern: string) => string = (pattern) => pattern,
): (name: string) => boolean {
  const items = itemsOf(list).map(({ pattern: text, excluded }) => {
    const pattern = whole(text);
    const glob = isGlob(pattern) ? picomatch(pattern) : null;
    return { excluded, matches: (name: string) => name === pattern || glob?.(name) === true };
  });
  const wanted = items.filter(({ excluded }) => !excluded);
  return (name) =>
    items.length > 0 &&
    (wanted.length === 0 || wanted.some(({ matches }) => matches(name))) &&
    !items.some(({ excluded, matches }) => excluded && matches(name));
}

function itemsOf(list: string): Item[] {
  return splitList(list).map((text) => {
    // `!(a|b)` is a glob of its own.
    const excluded = /^![^(]/.test(text);
    return { pattern: excluded ? text.slice(1) : text, excluded };
  });
}

/** At the commas that stand in no bracket: `io_{uring,other}` is one item. Blanks and empty items go. */
function splitList(list: string): string[] {
  const items = [''];
  let depth = 0;
  for (const character of list) {
    if ('{[('.includes(character)) depth++;
    if ('}])'.includes(character)) depth = Math.max(0, depth - 1);
    if (character === ',' && depth === 0) items.push('');
    else items.push((items.pop() ?? '') + character);
  }
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function isGlob(pattern: string): boolean {
  return /[*?[\]{}()!]/.test(pattern);
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
