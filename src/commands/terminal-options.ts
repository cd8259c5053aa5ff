/** What was asked of the terminal for the whole command, beside what it is and what the environment says. */
export interface TerminalOptions {
  /** Columns. */
  readonly width?: number;
  readonly color?: ColorWhen;
}

export const COLOR_WHEN = ['auto', 'always', 'never'] as const;
export type ColorWhen = (typeof COLOR_WHEN)[number];

/** Narrower than this no table fits; wider than that is a typing error. */
export const WIDTH_RANGE = { min: 60, max: 1000 } as const;
/** Width where it is not known: a pipe, a file, a CI log. */
const WIDTH_DEFAULT = 120;

/** Set once, before the command starts: as the environment, it holds for the process. */
let asked: TerminalOptions = {};

/** Takes the global options of the command line. */
export function askOfTerminal(options: TerminalOptions): void {
  asked = options;
}

/** What a stream is, and the environment that it is in. */
export interface TerminalFacts {
  readonly isTTY: boolean;
  /** Of a terminal; 0 or undefined where it does not know. */
  readonly columns?: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * How wide to print, and whether in colour: as asked; else a terminal as wide as it is, anything else as wide as
 * COLUMNS says, and coloured as NO_COLOR (https://no-color.org), FORCE_COLOR and a terminal that can say.
 */
export function terminalOf(
  { isTTY, columns, env }: TerminalFacts,
  { width, color = 'auto' }: TerminalOptions = asked,
): { width: number; color: boolean } {
  const known = [isTTY ? columns : undefined, Number(env.COLUMNS)].find((value) => (value ?? 0) > 0);
  return {
    width: width ?? Math.max(WIDTH_RANGE.min, known ?? WIDTH_DEFAULT),
    color: color === 'auto' ? wantsColor(isTTY, env) : color === 'always',
  };
}

function wantsColor(isTTY: boolean, env: TerminalFacts['env']): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return !['0', 'false'].includes(env.FORCE_COLOR);
  return isTTY && env.TERM !== 'dumb';
}
