import type { Readable, Writable } from 'node:stream';
import { readTool } from '../../build/package.ts';
import { LOADGEN_ABI_VERSION } from '../../load/abi.ts';
import { messageOf } from '../../util/errors.ts';
import { LineSplitter } from './lines.ts';
import { AGENT_PROTOCOL, type AgentAnswer, answerSchema, type Hello, helloSchema } from './protocol.ts';

/** Of what was read last, this many characters are shown. */
const READ_CHARS_SHOWN = 400;

/** The agent said something that cannot be understood, refused, or ended. `read` is what it said last. */
export class AgentError extends Error {
  readonly read: string;
  constructor(message: string, read = '', options?: ErrorOptions) {
    super(message, options);
    this.name = 'AgentError';
    this.read = read;
  }
}

export interface AgentOptions {
  /** Within which it must say hello. */
  readonly timeoutMs: number;
  /**
   * Called once when the connection breaks, with what is known here; all asks under way reject with what it
   * resolves with. For who started the agent and knows more.
   */
  readonly whyBroken?: (error: AgentError) => Promise<Error>;
}

export interface AgentStreams {
  readonly input: Writable;
  readonly output: Readable;
}

export type Listener = (answer: AgentAnswer) => void;
interface Pending {
  readonly onAnswer: Listener;
  readonly reject: (error: unknown) => void;
}

/** Lines out, and lines in to whoever waits for them. */
export class Connection {
  readonly #streams: AgentStreams;
  readonly #options: AgentOptions;
  readonly #splitter = new LineSplitter();
  readonly #pending = new Map<number, Pending>();
  #onHello: { resolve: (hello: Hello) => void; reject: (error: unknown) => void } | null = null;
  #broken: Promise<Error> | null = null;
  #stopped = false;
  #last = '';

  constructor(streams: AgentStreams, options: AgentOptions) {
    this.#streams = streams;
    this.#options = options;
    streams.output.on('data', (bytes: Buffer) => this.#read(bytes));
    streams.output.once('end', () => this.#onEnd());
    streams.output.once('close', () => this.#onEnd());
    for (const stream of [streams.output, streams.input])
      stream.on('error', (cause: Error) =>
        this.break(`the line to the agent broke: ${cause.message}`, cause),
      );
  }

  async hello(timeoutMs: number): Promise<Hello> {
    const timer = setTimeout(() => this.break(`the agent said no hello within ${timeoutMs} ms`), timeoutMs);
    try {
      return await new Promise<Hello>((resolve, reject) => {
        this.#onHello = { resolve, reject };
        if (this.#broken) void this.#broken.then(reject);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a line; `onAnswer` sees every answer to it. Throws `AgentError` where it cannot be sent. */
  async send(id: number, line: string, onAnswer: Listener, reject: (error: unknown) => void): Promise<void> {
    if (this.#broken) {
      reject(await this.#broken);
      return;
    }
    this.#pending.set(id, { onAnswer, reject });
    this.#streams.input.write(`${line}\n`);
  }

  done(id: number): void {
    this.#pending.delete(id);
  }

  /** No more is asked: the agent ends when it sees that. */
  end(): void {
    this.#streams.input.end();
  }

  /** The end of the output is no surprise any more. */
  stopped(): void {
    this.#stopped = true;
  }

  /** Whatever is waited for does not come. */
  break(message: string, cause?: unknown): void {
    if (this.#broken) return;
    const error = new AgentError(message, this.#last, cause === undefined ? {} : { cause });
    const { whyBroken } = this.#options;
    this.#broken = whyBroken ? whyBroken(error).catch(() => error) : Promise.resolve(error);
    if (!this.#streams.input.writableEnded) this.#streams.input.end();
    void this.#broken.then((why) => {
      this.#onHello?.reject(why);
      for (const { reject } of this.#pending.values()) reject(why);
      this.#pending.clear();
    });
  }

  #onEnd(): void {
    if (this.#stopped && this.#pending.size === 0)
      this.#broken ??= Promise.resolve(new AgentError('the agent was stopped'));
    else this.break(`the agent ended${shown(this.#splitter.rest)}`);
  }

  #read(bytes: Buffer): void {
    if (this.#broken) return;
    try {
      for (const line of this.#splitter.push(bytes)) this.#take(line.replace(/\r$/, ''));
    } catch (error) {
      this.break(`the agent: ${messageOf(error)}`, error);
    }
    const { rest } = this.#splitter;
    if (rest) this.#last = rest.slice(0, READ_CHARS_SHOWN);
  }

  #take(line: string): void {
    if (this.#broken) return;
    this.#last = line.slice(0, READ_CHARS_SHOWN);
    const value = parsed(line);
    const problem = this.#onHello ? this.#greet(line, value) : this.#answer(line, value);
    if (problem !== null) this.break(problem);
  }

  /** What is wrong with a first line; null: nothing. */
  #greet(line: string, value: unknown): string | null {
    const hello = helloSchema.safeParse(value);
    if (!hello.success) return `the agent did not say hello${shown(line)}`;
    const mismatch = mismatchOf(hello.data);
    if (mismatch !== null) return mismatch;
    this.#onHello?.resolve(hello.data);
    this.#onHello = null;
    return null;
  }

  /** What is wrong with any other; null: nothing. */
  #answer(line: string, value: unknown): string | null {
    const answer = answerSchema.safeParse(value);
    if (!answer.success) return `the agent said what is no answer: ${firstIssue(answer.error)}${shown(line)}`;
    const { data } = answer;
    if (data.event === 'refused' && data.id === null) return `the agent understood nothing: ${data.message}`;
    const pending = data.id === null ? undefined : this.#pending.get(data.id);
    if (!pending) return `the agent answered what was not asked${shown(line)}`;
    pending.onAnswer(data);
    return null;
  }
}

function shown(text: string): string {
  return text ? `: ${JSON.stringify(text.slice(0, READ_CHARS_SHOWN))}` : '';
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function firstIssue({
  issues,
}: {
  readonly issues: readonly { path: PropertyKey[]; message: string }[];
}): string {
  const [issue] = issues;
  return issue ? `${issue.path.map(String).join('.')}: ${issue.message}` : 'no reason given';
}

/** Why an agent and this tool do not fit; null: they do. */
function mismatchOf(hello: Hello): string | null {
  const { version } = readTool();
  const differences = (
    [
      ['protocol', hello.protocol, AGENT_PROTOCOL],
      ['version', hello.version, version],
      ['ABI', hello.abi, LOADGEN_ABI_VERSION],
    ] as const
  ).filter(([, its, ours]) => its !== ours);
  if (differences.length === 0) return null;
  return `the agent is of another version: ${differences
    .map(([what, its, ours]) => `${what} ${its}, expected ${ours}`)
    .join('; ')}`;
}
