import { MODELS } from '../models/registry.ts';
import type { Entry, ForeignServer } from '../results/schema.ts';
import { commandWords } from './command-words.ts';
import { unknown } from './selection.ts';
import { commandText } from './variants.ts';

/** What stands for the port in a command or in a value of its environment. */
export const PORT_PLACE = '{port}';

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const NAME_CHARS_MAX = 32;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Which of the rows say this is decided elsewhere: the port is chosen anew for every trial. */
const PORT_VARIABLE = 'PORT';

export interface ServerFlags {
  /** `name=command`, each of them. */
  readonly server?: readonly string[] | undefined;
  readonly serverProbe?: readonly string[] | undefined;
  /** `name=KEY=VALUE`. */
  readonly serverEnv?: readonly string[] | undefined;
}

/** `--server` and what goes with it, as rows. What is wrong with them goes to `problems`, what is doubtful to `warnings`. */
export function parseServers(flags: ServerFlags, problems: string[], warnings: string[]): Entry[] {
  const named = (flags.server ?? []).flatMap((text) => {
    const [name, rest] = split(text, '--server', "'mine=./my-server --port {port}'", problems);
    if (name === null || !isFree(name, problems)) return [];
    const words = wordsOf(rest, `--server ${name}`, problems);
    return words === null ? [] : [{ name, words }];
  });
  const names = named.map(({ name }) => name);
  for (const [place, name] of names.entries())
    if (names.indexOf(name) !== place)
      problems.push(`--server ${name}: the name is there twice; every server needs one of its own`);
  const probes = probesOf(flags.serverProbe ?? [], names, problems);
  const envs = envsOf(flags.serverEnv ?? [], names, problems);
  return named.map(({ name, words }) => {
    const server: ForeignServer = {
      command: [...words],
      env: envs.get(name) ?? {},
      probe: probes.get(name) ?? null,
    };
    if (![...words, ...Object.values(server.env)].some((word) => word.includes(PORT_PLACE)))
      warnings.push(
        `--server ${name}: its command has no ${PORT_PLACE}, so only the environment variable ${PORT_VARIABLE} tells it where to listen`,
      );
    return { label: name, model: name, server };
  });
}

function split(
  text: string,
  flag: string,
  example: string,
  problems: string[],
): readonly [name: string | null, rest: string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1)];
  problems.push(`${flag} ${text}: write name=command, such as ${example}`);
  return [null, ''];
}

function isFree(name: string, problems: string[]): boolean {
  if (!NAME.test(name) || name.length > NAME_CHARS_MAX)
    problems.push(
      `--server: ${JSON.stringify(name)} cannot name a server: up to ${NAME_CHARS_MAX} lower-case letters and digits, in parts that '-' joins`,
    );
  else if (MODELS.some(({ id }) => id === name))
    problems.push(`--server ${name}: a model of this tool is called so; give your server another name`);
  else return true;
  return false;
}

function wordsOf(text: string, what: string, problems: string[]): readonly string[] | null {
  const read = commandWords(text);
  const problem =
    'problem' in read ? read.problem : (read.words[0] ?? '') === '' ? 'the command is empty' : null;
  if (problem !== null) problems.push(`${what}: ${problem}`);
  return 'problem' in read || problem !== null ? null : read.words;
}

/** Whether there is a server of this name. */
function isNamed(name: string, names: readonly string[], flag: string, problems: string[]): boolean {
  if (names.includes(name)) return true;
  problems.push(
    names.length === 0
      ? `${flag} ${name}: goes with --server, and there is none`
      : `${flag}: ${unknown(name, names, 'server')}`,
  );
  return false;
}

function probesOf(
  texts: readonly string[],
  names: readonly string[],
  problems: string[],
): ReadonlyMap<string, string[]> {
  const probes = new Map<string, string[]>();
  for (const text of texts) {
    const [name, rest] = split(text, '--server-probe', "'mine=./my-server --version'", problems);
    if (name === null || !isNamed(name, names, '--server-probe', problems)) continue;
    const words = wordsOf(rest, `--server-probe ${name}`, problems);
    if (probes.has(name)) problems.push(`--server-probe ${name}: is there twice`);
    if (words !== null) probes.set(name, [...words]);
  }
  return probes;
}

function envsOf(
  texts: readonly string[],
  names: readonly string[],
  problems: string[],
): ReadonlyMap<string, Record<string, string>> {
  const envs = new Map<string, Record<string, string>>();
  for (const text of texts) {
    const [name, rest] = split(text, '--server-env', "'mine=UV_THREADPOOL_SIZE=1'", problems);
    if (name === null || !isNamed(name, names, '--server-env', problems)) continue;
    const at = rest.indexOf('=');
    const key = rest.slice(0, Math.max(0, at));
    if (!VARIABLE.test(key)) {
      problems.push(`--server-env ${text}: write name=KEY=VALUE`);
      continue;
    }
    if (key === PORT_VARIABLE) problems.push(`--server-env ${text}: ${key} is set by this tool, to the port`);
    envs.set(name, { ...envs.get(name), [key]: rest.slice(at + 1) });
  }
  return envs;
}

/** Each server once, as a line says it: `mine: ./my-server --port {port}`. */
export function serverTexts(entries: readonly Entry[]): string[] {
  const servers = new Map(entries.flatMap(({ model, server }) => (server ? [[model, server]] : [])));
  return [...servers].map(([name, { command, env }]) => {
    const set = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    return `${name}: ${commandText([...set, ...command])}`;
  });
}
