/** What a strict reader finds in a file of Prometheus. */
export interface Exposition {
  /** By the name of the family as its TYPE line has it. */
  readonly families: ReadonlyMap<string, { type: string; help: string; unit: string | null }>;
  readonly samples: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [''],
  counter: [''],
  summary: ['', '_sum', '_count'],
};
/** In OpenMetrics the suffix is no part of the family's name. */
const OPEN_SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  ...SUFFIXES,
  counter: ['_total'],
  info: ['_info'],
};

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const PAIR = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:\\[\\"n]|[^"\\\n])*"`;
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${PAIR}(?:,${PAIR})*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`);
const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/** Throws at the first line that breaks the format: names, escapes, order, or what stands twice. */
export function parseExposition(text: string, format: 'prometheus' | 'openmetrics'): Exposition {
  const families = new Map<string, { type: string; help: string; unit: string | null }>();
  const samples: Exposition['samples'][number][] = [];
  const seen = new Set<string>();
  const suffixes = format === 'openmetrics' ? OPEN_SUFFIXES : SUFFIXES;
  let current = '';
  if (!text.endsWith('\n') || text.includes('\n\n')) throw new Error('a line break is missing, or too many');
  const lines = text.slice(0, -1).split('\n');
  if ((lines.at(-1) === '# EOF') !== (format === 'openmetrics')) throw new Error('how it ends');
  if (format === 'openmetrics') lines.pop();
  for (const line of lines) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      // The metadata of a family opens it, each kind once, before its first sample.
      if (name !== current && families.has(name)) throw new Error(`${name} comes back: ${line}`);
      current = name;
      const family = families.get(name) ?? { type: '', help: '', unit: null };
      families.set(name, { ...family, [keyword.toLowerCase()]: rest });
      continue;
    }
    const match = SAMPLE.exec(line);
    const type = families.get(current)?.type ?? '';
    if (!match || !suffixes[type]?.some((suffix) => match[1] === `${current}${suffix}`))
      throw new Error(`no sample of ${current}: ${line}`);
    if (seen.has(`${match[1]}{${match[2]}}`)) throw new Error(`twice: ${line}`);
    seen.add(`${match[1]}{${match[2]}}`);
    samples.push({ name: match[1] ?? '', labels: labelsOf(match[2] ?? ''), value: Number(match[3]) });
  }
  return { families, samples };
}

function labelsOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\.|[^"\\])*)"/g)];
  return Object.fromEntries(
    pairs.map(([, name, value = '']) => [name, value.replaceAll(/\\./g, (found) => ESCAPES[found] ?? '')]),
  );
}
