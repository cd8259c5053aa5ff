import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { execa } from 'execa';
import { makeFolder } from '../../host/make-folder.ts';
import { cleanText } from '../../results/clean.ts';
import { codeOf, EnvironmentError, messageOf } from '../../util/errors.ts';
import { type Agent, type AgentError, connectAgent } from '../agent/agent.ts';
import { readConsole } from './console.ts';
import { listenToControl } from './control.ts';
import {
  GuestError,
  type GuestEvidence,
  type GuestStage,
  isHalted,
  isOfFailure,
  nameFailure,
} from './failures.ts';
import { KernelImageError, readKernelImage } from './kernel-image.ts';
import type { Qemu } from './qemu.ts';
import { CONTROL_FD, type GuestMachine, qemuArguments } from './qemu-arguments.ts';

/** How long a guest may take to power off; under load its emulation may get little of a CPU. */
export const POWER_OFF_TIMEOUT_MS = 60_000;
/** How long QEMU may take to end by itself once the line to the agent broke: it writes the console until then. */
const LAST_WORDS_TIMEOUT_MS = 5_000;
/** How often the console of a guest that boots is looked at. */
const LOOK_EVERY_MS = 1_000;
/** Of QEMU's stderr, the last this many characters are kept. */
const STDERR_CHARS_MAX = 4_000;
const CONSOLE_LINES_SHOWN = 12;
const CONSOLE_LINES_BEFORE = 3;

export interface GuestOptions extends Omit<GuestMachine, 'consolePath'> {
  readonly qemu: Qemu;
  /** Where `console.log` of the guest lands; made where it is missing. */
  readonly folder: string;
  /** How long from the start of QEMU to the agent's hello. */
  readonly bootTimeoutMs: number;
  /** Ends the guest at any time. */
  readonly signal: AbortSignal;
}

/** How a guest ended that was meant to: by power-off, or killed by `kill`. */
export interface GuestEnd {
  readonly how: 'powered-off' | 'killed';
}

/** A guest whose agent has said hello. It must be powered off or killed, whatever happens. */
export interface Guest {
  /** Its asks reject with `GuestError` where the guest breaks, with the signal's reason where it was aborted. */
  readonly agent: Agent;
  readonly consolePath: string;
  readonly qemuArgs: readonly string[];
  /** Rejects as the asks do, when QEMU has ended. Need not be listened to. */
  readonly ended: Promise<GuestEnd>;
  /** Stops the agent and waits for QEMU's end. Rejects with `GuestError` where the guest is not off in time. */
  powerOff(): Promise<void>;
  /**
   * Does `work`, and ends the guest where that takes longer than `ms`: asks to a guest that hangs have no end of
   * their own. Its asks, and with them `work`, reject with `GuestError` then; `what` names what did not come.
   */
  within<T>(what: string, ms: number, work: () => Promise<T>): Promise<T>;
  /** Ends QEMU at once; never rejects. */
  kill(): Promise<void>;
}

/**
 * Boots a kernel with an initramfs of `writeInitramfs` and waits for its agent. Rejects with `GuestError` (its
 * `kind` names what went wrong, its message has the last lines of the console), with the signal's reason where it
 * is aborted, and with `EnvironmentError` where QEMU cannot do what is asked. QEMU is gone then.
 */
export async function bootGuest(options: GuestOptions): Promise<Guest> {
  const { qemu, clock, plugin, signal } = options;
  signal.throwIfAborted();
  if (clock === 'kvm' && !qemu.accelerators.includes('kvm'))
    throw new EnvironmentError(`${qemu.path} was built without KVM`);
  if (plugin && !qemu.plugins) throw new EnvironmentError(`${qemu.path} loads no TCG plugins`);
  await requireImage(options.kernel);
  const consolePath = join(options.folder, 'console.log');
  await makeConsole(options.folder, consolePath);
  const qemuArgs = qemuArguments({ ...options, consolePath });
  const command = [...(await endWithParent(signal)), qemu.path, ...qemuArgs];
  const running = new RunningGuest(command, { ...options, consolePath });
  const agent = await running.connect();
  return {
    agent,
    consolePath,
    qemuArgs,
    ended: running.ended,
    powerOff: () => running.powerOff(agent),
    within: (what, ms, work) => running.within(what, ms, work),
    kill: () => running.kill(),
  };
}

async function requireImage(path: string): Promise<void> {
  try {
    await readKernelImage(path);
  } catch (cause) {
    if (cause instanceof KernelImageError && cause.problem !== 'unreadable')
      throw new GuestError(cause.problem, cause.message, { cause });
    throw cause;
  }
}

/** Empty, so that what an older guest said is not taken for this one's. */
async function makeConsole(folder: string, path: string): Promise<void> {
  try {
    await makeFolder(folder);
    await (await open(path, 'w')).close();
  } catch (cause) {
    throw new EnvironmentError(
      `cannot write the guest's console ${path}: ${codeOf(cause) ?? messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/** What makes a program end with this process even where that is killed: util-linux' setpriv, where it is. */
async function endWithParent(signal: AbortSignal): Promise<readonly string[]> {
  const wrapper = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;
  const [command, ...args] = wrapper;
  const tried = await execa(command, [...args, 'true'], { reject: false, stdin: 'ignore', timeout: 10_000 });
  signal.throwIfAborted();
  return tried.exitCode === 0 ? wrapper : [];
}

/** QEMU's process from its start to its end, and what becomes known of it. */
class RunningGuest {
  readonly ended: Promise<GuestEnd>;
  readonly #options: GuestOptions & { readonly consolePath: string };
  readonly #child: ChildProcess;
  readonly #exited: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
  #stage: GuestStage = 'start';
  #stopping: 'powered-off' | 'killed' | null = null;
  #stderr = '';
  #startError: Error | null = null;
  #faults: Pick<GuestEvidence, 'paused' | 'deadline' | 'agent' | 'shutdown'> = {
    paused: null,
    deadline: null,
    agent: null,
    shutdown: null,
  };

  constructor(command: readonly string[], options: GuestOptions & { readonly consolePath: string }) {
    this.#options = options;
    const [program = '', ...args] = command;
    // A group of its own: a Ctrl-C in the terminal reaches only this process, which ends the guest in good order.
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], detached: true });
    const child = this.#child;
    this.#exited = new Promise((resolve) => {
      child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
    });
    child.once('error', (error) => {
      this.#startError ??= error;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
    });
    child.stdin?.on('error', () => undefined);
    const control = child.stdio[CONTROL_FD];
    if (control instanceof Duplex) this.#listen(control);
    this.ended = this.#watch();
    this.ended.catch(() => undefined);
  }

  #listen(control: Duplex): void {
    listenToControl(control, {
      onPaused: (state) => {
        this.#faults = { ...this.#faults, paused: this.#faults.paused ?? state };
        this.#end();
      },
      onShutdown: (reason) => {
        this.#faults = { ...this.#faults, shutdown: reason };
      },
    });
  }

  async connect(): Promise<Agent> {
    const { stdin: input, stdout: output } = this.#child;
    const { bootTimeoutMs } = this.#options;
    if (!input || !output) throw new Error('QEMU was started without pipes');
    this.#stage = 'boot';
    const look = setInterval(() => void this.#endIfHalted(), LOOK_EVERY_MS);
    return this.within('the hello of its agent', bootTimeoutMs, async () => {
      const agent = await connectAgent(
        { input, output },
        // The deadline is kept here, where it can be named with the console.
        {
          timeoutMs: bootTimeoutMs + LAST_WORDS_TIMEOUT_MS * 2,
          whyBroken: (error) => this.#whyBroken(error),
        },
      );
      this.#stage = 'work';
      return agent;
    }).finally(() => clearInterval(look));
  }

  /** What unpacks a kernel halts where it cannot; nothing else tells. */
  async #endIfHalted(): Promise<void> {
    if (isHalted(await readConsole(this.#options.consolePath))) this.#end();
  }

  async powerOff(agent: Agent): Promise<void> {
    if (this.#stopping === null) {
      this.#stopping = 'powered-off';
      this.#stage = 'power-off';
      await this.within('its power-off', POWER_OFF_TIMEOUT_MS, async () => {
        await agent.stop();
        await this.#exited;
      });
    }
    await this.ended;
  }

  async kill(): Promise<void> {
    this.#stopping ??= 'killed';
    this.#end();
    await this.#exited;
    await this.ended.catch(() => undefined);
  }

  async within<T>(what: string, ms: number, work: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#faults = { ...this.#faults, deadline: { what, ms } };
      this.#end();
    }, ms);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nothing can be had of it any more: what is under way of its end may go on, then it is ended. */
  async #whyBroken({ message, read }: AgentError): Promise<Error> {
    this.#faults = { ...this.#faults, agent: { message, read } };
    // Its line ends with QEMU alone: what broke otherwise will say no more.
    const isEnding = this.#child.stdout?.readableEnded === true;
    const timer = setTimeout(() => this.#end(), isEnding ? LAST_WORDS_TIMEOUT_MS : 0);
    try {
      await this.ended;
      return new GuestError('ended', 'the guest has ended');
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  #end(): void {
    this.#child.kill('SIGKILL');
  }

  async #watch(): Promise<GuestEnd> {
    const { signal } = this.#options;
    const end = () => this.#end();
    process.once('exit', end);
    signal.addEventListener('abort', end, { once: true });
    try {
      if (signal.aborted) end();
      const exit = await this.#exited;
      return await this.#endOf(exit, signal);
    } finally {
      process.removeListener('exit', end);
      signal.removeEventListener('abort', end);
    }
  }

  async #endOf(
    exit: { readonly exitCode: number | null; readonly signal: string | null },
    signal: AbortSignal,
  ): Promise<GuestEnd> {
    const { deadline, paused } = this.#faults;
    if (this.#stopping === 'killed' && deadline === null && paused === null && !signal.aborted)
      return { how: 'killed' };
    if (this.#stopping === 'powered-off' && exit.exitCode === 0) return { how: 'powered-off' };
    if (this.#startError !== null)
      throw new GuestError('qemu', `cannot start QEMU: ${this.#startError.message}`, {
        cause: this.#startError,
      });
    signal.throwIfAborted();
    throw await this.#failure(exit);
  }

  async #failure(exit: Pick<GuestEvidence, 'exitCode' | 'signal'>): Promise<GuestError> {
    const { consolePath } = this.#options;
    const text = await readConsole(consolePath);
    const { kind, message } = nameFailure({
      ...exit,
      ...this.#faults,
      stage: this.#stage,
      console: text,
      stderr: this.#stderr,
    });
    const consoleTail = lastLines(text);
    const shown = consoleTail.map((line) => `  | ${line}`);
    return new GuestError(kind, [`${message}. Its console: ${consolePath}`, ...shown].join('\n'), {
      consolePath,
      consoleTail,
    });
  }
}

/** The last ones; where a trace of calls follows upon what went wrong, those around that. */
function lastLines(text: string): string[] {
  const lines = text
    .split('\n')
    .map((line) => cleanText(line).trimEnd())
    .filter((line) => line !== '');
  const wrong = lines.findIndex(isOfFailure);
  const first = wrong < 0 ? Number.POSITIVE_INFINITY : Math.max(0, wrong - CONSOLE_LINES_BEFORE);
  const from = Math.max(0, Math.min(first, lines.length - CONSOLE_LINES_SHOWN));
  return lines.slice(from, from + CONSOLE_LINES_SHOWN);
}
