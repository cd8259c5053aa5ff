import { type ChildProcess, fork, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';

/** The command as a user has it: `bin/` on top of `dist/`. */
export const CLI_PATH = fileURLToPath(new URL('../../../bin/iomodels-bench.js', import.meta.url));

/** After this the command is taken to hang. It is no expectation of speed: machines stall. */
export const CLI_DEADLINE_MS = 90_000;

export interface CliOptions {
  readonly cwd: string;
  /** Beside PATH, HOME and the cache; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** After this it is taken to hang; default: `CLI_DEADLINE_MS`. */
  readonly deadlineMs?: number;
  /** A command that ends in running the rest of its arguments, by exec: the pid stays the same. */
  readonly wrap?: readonly string[];
}

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command, running in a process of its own. */
export class Cli {
  readonly pid: number;
  /** Rejects if it hangs; whoever fails does not end the test with a process left. */
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';
  #running = true;

  private constructor(child: ChildProcess, deadlineMs: number) {
    this.pid = child.pid ?? -1;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`still running after ${deadlineMs} ms\n${this.#stdout}\n${this.#stderr}`));
      }, deadlineMs);
      child.on('error', reject);
      child.on('close', (exitCode, signal) => {
        clearTimeout(timer);
        this.#running = false;
        resolve({ exitCode, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
    this.ended.catch(() => {});
  }

  static start(
    args: readonly string[],
    { cwd, env, wrap = [], deadlineMs = CLI_DEADLINE_MS }: CliOptions,
  ): Cli {
    const [command, ...rest] = [...wrap, process.execPath, CLI_PATH, ...args];
    return new Cli(
      spawn(command ?? process.execPath, rest, {
        cwd,
        env: { ...ownEnv(cwd), ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
      deadlineMs,
    );
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** For the end of a test that may have failed: it does not run on. */
  dispose(): void {
    if (this.#running) this.signal('SIGKILL');
  }
}

/** Files that run at the same time have nothing to do with each other, so each locks the CPUs for itself. */
function lockDir(): string {
  const folder = join(inject('lockDir'), String(process.pid));
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o1777);
  return folder;
}

function ownEnv(cwd: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    CC: process.env.CC,
    HOME: cwd,
    XDG_CACHE_HOME: inject('cacheHome'),
    IOMODELS_BENCH_LOCK_DIR: lockDir(),
  };
}

/** The command in a process of its own, as a user starts it. */
export function runCli(args: readonly string[], options: CliOptions): Promise<Ended> {
  return Cli.start(args, options).ended;
}

let host: ChildProcess | undefined;
let lastAsked: Promise<unknown> = Promise.resolve();

/**
 * The built command with these arguments, in a process that executes one after the other: for what measures nothing,
 * where starting takes longer than answering.
 */
export function askCli(
  args: readonly string[],
  { cwd, env }: Pick<CliOptions, 'cwd' | 'env'>,
): Promise<Ended> {
  const asked = lastAsked.then(() => ask({ args, cwd, env: { ...ownEnv(cwd), ...env } }));
  lastAsked = asked.catch(() => {});
  return asked;
}

async function ask(command: object): Promise<Ended> {
  host ??= startHost();
  const child = host;
  let ended: (code: number | null) => void = () => {};
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      ended = (code) => reject(new Error(`the process that executes commands ended with ${code}`));
      timer = setTimeout(() => reject(new Error(`no answer after ${CLI_DEADLINE_MS} ms`)), CLI_DEADLINE_MS);
      child.once('exit', ended);
      child.once('message', resolve);
      child.send(command);
    });
  } catch (error) {
    child.kill('SIGKILL');
    host = undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    child.removeListener('exit', ended);
  }
}

/** It ends with this process, whose channel it hears of. */
function startHost(): ChildProcess {
  const child = fork(fileURLToPath(new URL('command-host.mjs', import.meta.url)), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.unref();
  child.channel?.unref();
  return child;
}

/** Folders of the runs below `<cwd>/results`, oldest first: two ids of one second sort by chance. */
export function runFolders(cwd: string): string[] {
  const out = join(cwd, 'results');
  const madeNs = (path: string) => statSync(path, { bigint: true }).birthtimeNs;
  return readdirSync(out)
    .map((name) => join(out, name))
    .sort((a, b) => Number(madeNs(a) - madeNs(b)));
}

/** The last of them. */
export function newestFolder(cwd: string): string {
  const folder = runFolders(cwd).at(-1);
  if (folder === undefined) throw new Error(`no run below ${cwd}`);
  return folder;
}
