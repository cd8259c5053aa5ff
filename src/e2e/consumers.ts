import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './conformance/until.ts';

/** They start within a second or two; machines stall. */
export const CONSUMER_DEADLINE_MS = 60_000;

/** Those of the programs that are not installed. */
export function missing(programs: readonly string[]): readonly string[] {
  const folders = (process.env.PATH ?? '').split(':');
  return programs.filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
}

/** Waits until something holds. */
export async function holds(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  await until({ what, deadlineMs: CONSUMER_DEADLINE_MS, look, reached: (seen) => seen });
}

/** Programs that read the exports, running on free ports of the loopback. */
export class Consumers {
  readonly #children: ChildProcess[] = [];

  /** Starts one; gives back `127.0.0.1:<port>`, which its log says as the pattern's first group. */
  async start(program: string, args: readonly string[], listening: RegExp): Promise<string> {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#children.push(child);
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    await holds(`${program} listens`, () => {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${log}`);
      return listening.test(log);
    });
    return listening.exec(log)?.[1] ?? '';
  }

  /** Ends them all, and only them. */
  async stop(): Promise<void> {
    const running = this.#children.filter((child) => child.exitCode === null && child.signalCode === null);
    const ends = running.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of running) child.kill('SIGTERM');
    await Promise.all(ends);
  }
}
