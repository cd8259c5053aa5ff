import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { basename, delimiter, join, resolve } from 'node:path';
import { execa } from 'execa';
import type { ForeignServer, ServerFiles, Support } from '../results/schema.ts';
import { EnvironmentError } from '../util/errors.ts';

const PROBE_TIMEOUT_MS = 20_000;
const VERSION_TIMEOUT_MS = 5_000;
const REASON_CHARS_MAX = 300;
/** Larger arguments are data, not programs. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;
/** Programs that run other programs, and tell their version cheaply. */
const INTERPRETER =
  /^(node(js)?|deno|bun|python[\d.]*|pypy[\d.]*|ruby[\d.]*|perl|php[\d.]*|java|lua(jit)?[\d.]*)$/;

/** What a server of the user's own is, and whether it can run here. */
export interface DescribedServer {
  readonly files: ServerFiles;
  readonly support: Support;
}

/**
 * Finds what a command executes, and asks its probe. Throws `EnvironmentError` where its first word is no program.
 * @param pinned whether it is to run on CPUs of its own.
 */
export async function describeServer(
  model: string,
  { command, env, probe }: ForeignServer,
  pinned: boolean,
): Promise<DescribedServer> {
  const executable = await findProgram(command[0] ?? '');
  if (executable === null)
    throw new EnvironmentError(
      `server ${model}: there is no program ${command[0]}${command[0]?.includes('/') ? '' : ' in PATH'}`,
    );
  const paths = [executable, ...(await filesAmong(command.slice(1)))];
  const files = await Promise.all(paths.map(async (path) => ({ path, hash: await hashOf(path) })));
  const reason =
    pinned && (await findProgram('taskset')) === null
      ? 'taskset is not installed, which puts it on its CPUs (Debian, Ubuntu: util-linux)'
      : await whyNot(probe, env);
  return {
    files: { model, executable, files, version: await versionOf(command[0] ?? '') },
    support: {
      model,
      supported: reason === null,
      reason,
      features: [],
      connectionsMax: null,
      limitReason: null,
    },
  };
}

/** What the probe said, in one line; null: it exited 0, or there is none. */
async function whyNot(probe: ForeignServer['probe'], env: ForeignServer['env']): Promise<string | null> {
  const [command, ...args] = probe ?? [];
  if (command === undefined) return null;
  const result = await execa(command, args, {
    env,
    reject: false,
    timeout: PROBE_TIMEOUT_MS,
    stdin: 'ignore',
    maxBuffer: FILE_BYTES_MAX,
  });
  if (result.exitCode === 0) return null;
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').at(-1) ?? '';
  const how = result.timedOut
    ? `no answer within ${PROBE_TIMEOUT_MS} ms`
    : (result.code ?? result.signal ?? `exit ${result.exitCode}`);
  return `its probe says no (${how})${said ? `: ${said.slice(0, REASON_CHARS_MAX)}` : ''}`;
}

/** Where the first word of a command is found, as execvp(3) looks for it; links followed. Null: nowhere. */
async function findProgram(word: string): Promise<string | null> {
  const candidates = word.includes('/')
    ? [resolve(word)]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder || '.', word));
  for (const path of word === '' ? [] : candidates) {
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isFile && runs) return realpath(path);
  }
  return null;
}

async function filesAmong(args: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    args.map(async (word) => {
      const info = await stat(word).catch(() => null);
      return info?.isFile() && info.size <= FILE_BYTES_MAX ? [resolve(word)] : [];
    }),
  );
  return found.flat();
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function versionOf(word: string): Promise<string | null> {
  if (!INTERPRETER.test(basename(word))) return null;
  const { exitCode, stdout, stderr } = await execa(word, ['--version'], {
    reject: false,
    timeout: VERSION_TIMEOUT_MS,
    stdin: 'ignore',
  });
  return exitCode === 0 ? (stdout.trim() || stderr.trim()).split('\n')[0] || null : null;
}
