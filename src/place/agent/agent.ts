import type { LoadProgress, LoadReport, LoadRequest } from '../../load/generator.ts';
import { AgentError, type AgentOptions, type AgentStreams, Connection, type Listener } from './connection.ts';
import {
  type AgentAnswer,
  type AgentResult,
  ASK_BYTES_MAX,
  type FeatureGroup,
  type Hello,
  type ProbeAnswer,
} from './protocol.ts';
import { loadReportOf } from './report.ts';
import { parseSymbols, type TextSymbol } from './symbols.ts';

export { AgentError, type AgentOptions, type AgentStreams } from './connection.ts';
export type { FeatureGroup, Hello, ProbeAnswer } from './protocol.ts';
export type { TextSymbol } from './symbols.ts';

/** What stands for the server's process id in `AgentLoad.edgeFiles`. */
export const SERVER_PID = '{pid}';

/** A load, but for what only the server's ready line tells. */
export type AgentLoad = Omit<LoadRequest, 'port' | 'serverPid' | 'countersPath'>;

export interface TrialAsk {
  readonly program: string;
  readonly args: readonly string[];
  readonly load: AgentLoad;
  /** Whether to execute a marker instruction at both ends of the measured window; only on x86-64. */
  readonly marks?: boolean;
  /** Called about every `progressMs` milliseconds; not in a guest, where telling it would disturb. */
  readonly progress?: { readonly progressMs: number; readonly on: (progress: LoadProgress) => void };
}

export interface TrialAnswer extends Omit<AgentResult, 'event' | 'id' | 'report'> {
  readonly report: LoadReport | null;
}

export interface ProbeLimits {
  /** Default: a minute. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An agent that was greeted. Asks are sent one after the other, in the order in which they are called. */
export interface Agent {
  readonly hello: Hello;
  /** Texts by path, each cut at 64 KiB; null: it cannot be read. */
  files(paths: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, string | null>>;
  /** Runs a program to its end, or kills it after `timeoutMs` of the agent's clock. */
  probe(program: string, args: readonly string[], limits?: ProbeLimits): Promise<ProbeAnswer>;
  /** A server, the echo check, the load. What breaks is a result. */
  trial(ask: TrialAsk, signal?: AbortSignal): Promise<TrialAnswer>;
  /** Lets the machine of the agent come to rest. */
  settle(ms: number, signal?: AbortSignal): Promise<void>;
  /** The kernel's text symbols in the order of /proc/kallsyms. */
  symbols(signal?: AbortSignal): Promise<readonly TextSymbol[]>;
  /** What its kernel has of what models of I/O use, each of it tried. */
  features(signal?: AbortSignal): Promise<readonly FeatureGroup[]>;
  /** Ends the agent, and what it is at; a guest's powers the guest off. Resolves when it says so. */
  stop(signal?: AbortSignal): Promise<void>;
}

/**
 * Waits for the agent's hello. Rejects with `AgentError` (or what `whyBroken` makes of it) on anything else, on
 * the end of its output, an agent of another version, and after `timeoutMs`.
 *
 * An abort of an ask rejects with its reason and ends the agent: it would not listen before it is done.
 */
export async function connectAgent(streams: AgentStreams, options: AgentOptions): Promise<Agent> {
  const lines = new Connection(streams, options);
  const hello = await lines.hello(options.timeoutMs);
  return new AgentClient(hello, lines);
}

class AgentClient implements Agent {
  readonly hello: Hello;
  readonly #lines: Connection;
  #nextId = 1;
  /** Settles with the ask before. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(hello: Hello, lines: Connection) {
    this.hello = hello;
    this.#lines = lines;
  }

  async files(paths: readonly string[], signal?: AbortSignal) {
    const { texts } = await this.#ask('files', { paths }, 'files', { signal });
    return new Map(Object.entries(texts));
  }

  async probe(
    program: string,
    args: readonly string[],
    { timeoutMs, signal }: ProbeLimits = {},
  ): Promise<ProbeAnswer> {
    const ask = { program, args, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    const { exitCode, signal: killed, stdout, stderr } = await this.#ask('probe', ask, 'probe', { signal });
    return { exitCode, signal: killed, stdout, stderr };
  }

  async trial(ask: TrialAsk, signal?: AbortSignal): Promise<TrialAnswer> {
    const { progress, load, program, args, marks = false } = ask;
    const result = await this.#ask(
      'trial',
      { program, args, load: wholeNanoseconds(load), marks, progressMs: progress?.progressMs ?? 0 },
      'result',
      {
        signal,
        onOther: (answer) => {
          if (answer.event === 'progress') progress?.on(answer);
        },
      },
    );
    const { stage, message, ready, stats, stderr, report } = result;
    return { stage, message, ready, stats, stderr, report: report && loadReportOf(report) };
  }

  async settle(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#ask('settle', { ms }, 'settled', { signal });
  }

  async symbols(signal?: AbortSignal): Promise<readonly TextSymbol[]> {
    const parts: string[] = [];
    const isLast = (answer: AgentAnswer) => {
      if (answer.event === 'symbols') parts.push(answer.text);
      return answer.event === 'symbols' && answer.last;
    };
    await this.#ask('symbols', {}, 'symbols', { signal, isLast });
    return parseSymbols(parts.join(''));
  }

  async features(signal?: AbortSignal): Promise<readonly FeatureGroup[]> {
    const { groups } = await this.#ask('features', {}, 'features', { signal });
    return groups;
  }

  async stop(signal?: AbortSignal): Promise<void> {
    this.#lines.stopped();
    await this.#send('stop', {}, 'stopped', { signal });
    this.#lines.end();
  }

  /** Waits for the asks before it. */
  #ask<E extends AgentAnswer['event']>(ask: string, members: object, event: E, how: AskOptions) {
    const turn = this.#turn.then(() => this.#send(ask, members, event, how));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #send<E extends AgentAnswer['event']>(ask: string, members: object, event: E, how: AskOptions) {
    type Answer = Extract<AgentAnswer, { event: E }>;
    const { signal, onOther, isLast = () => true } = how;
    return new Promise<Answer>((resolve, reject) => {
      const id = this.#nextId++;
      const line = JSON.stringify({ ask, id, ...members });
      const finish = (settle: () => void) => {
        signal?.removeEventListener('abort', onAbort);
        this.#lines.done(id);
        settle();
      };
      const onAbort = () => {
        finish(() => reject(signal?.reason));
        this.#lines.break('an ask was aborted');
      };
      const onAnswer = (answer: AgentAnswer) => {
        if (answer.event === 'refused')
          finish(() => reject(new AgentError(`the agent refused "${ask}": ${answer.message}`, line)));
        else if (answer.event === event) {
          if (isLast(answer)) finish(() => resolve(answer as Answer));
        } else onOther?.(answer);
      };
      if (signal?.aborted) reject(signal.reason);
      else if (Buffer.byteLength(line) > ASK_BYTES_MAX)
        reject(new AgentError(`the ask "${ask}" is longer than ${ASK_BYTES_MAX} bytes`));
      else {
        signal?.addEventListener('abort', onAbort, { once: true });
        void this.#lines.send(id, line, onAnswer, (error) => finish(() => reject(error)));
      }
    });
  }
}

interface AskOptions {
  readonly signal: AbortSignal | undefined;
  readonly onOther?: Listener;
  /** Whether an answer of the event that is waited for is the last one. */
  readonly isLast?: (answer: AgentAnswer) => boolean;
}

/** As the agent reads them: whole numbers. */
function wholeNanoseconds(load: AgentLoad): AgentLoad {
  return {
    ...load,
    warmupNs: Math.round(load.warmupNs),
    measureNs: Math.round(load.measureNs),
    connectTimeoutNs: Math.round(load.connectTimeoutNs),
    stallTimeoutNs: Math.round(load.stallTimeoutNs),
  };
}
