/** The exit codes of the command; documented in README. */
export const EXIT = {
  ok: 0,
  trialFailed: 1,
  usage: 2,
  environment: 3,
  regressed: 1,
  notComparable: 3,
  inconclusive: 4,
  output: 5,
  /** `git bisect run` takes 1 to 127 for a verdict, and stops at this. */
  gitStops: 128,
  interrupted: 130,
} as const;

/** The user asked for something that makes no sense. `problems` holds all of them. Exit 2. */
export class UsageError extends Error {
  readonly problems: readonly string[];
  constructor(problems: string | readonly string[], options?: ErrorOptions) {
    const list = typeof problems === 'string' ? [problems] : problems;
    super(list.join('\n'), options);
    this.name = 'UsageError';
    this.problems = list;
  }
}

/** The machine cannot do it: no compiler, a folder that is not writable, a full disk. Exit 3. */
export class EnvironmentError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EnvironmentError';
  }
}

/** Not one of the cells of a run can be measured here. Exit 3. */
export class NothingMeasuredError extends EnvironmentError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NothingMeasuredError';
  }
}

/** Results, or what is compiled, cannot be written: nothing that is measured from then on could be kept either. Exit 3. */
export class NotWrittenError extends EnvironmentError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NotWrittenError';
  }
}

/** The command has done and printed what it could, but trials failed. Exit 1. */
export class TrialsFailedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TrialsFailedError';
  }
}

/** Two sides of a comparison that say nothing about each other. Exit 3. */
export class NotComparableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotComparableError';
  }
}

/** The answer is printed, and this is its exit code, by the rules of another program. */
export class ExitError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.name = 'ExitError';
    this.exitCode = exitCode;
  }
}

/** A comparison is done and printed; its verdict is the exit code: 1 or 4. */
export class GateError extends Error {
  readonly verdict: 'regressed' | 'inconclusive';
  constructor(message: string, verdict: 'regressed' | 'inconclusive') {
    super(message);
    this.name = 'GateError';
    this.verdict = verdict;
  }
}

/** What was to be printed could not be: a full disk behind stdout. Exit 5, which is no verdict. */
export class OutputError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OutputError';
  }
}

/** The user stopped it. Exit 130. */
export class InterruptedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InterruptedError';
  }
}

/** The text of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error (`ENOSPC`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

/** Whether nobody reads any more what is written: a pipe's reader ended, or the terminal was closed. */
export function isReaderGone(error: unknown): boolean {
  return ['EPIPE', 'EIO'].includes(codeOf(error) ?? '');
}
