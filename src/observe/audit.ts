/** How often each system call was made, by the kernel's name. */
export type SyscallCounts = Readonly<Record<string, number>>;

/** A system call on which two counters differ by more than can be explained. */
export interface Disagreement {
  readonly syscall: string;
  readonly own: number;
  readonly counted: number;
  readonly why: string;
}

export interface AuditInput {
  /**
   * The server's own counts. Where it went on while they were read, the least and the most that they
   * can have been; else the same twice.
   */
  readonly own: readonly [low: SyscallCounts, high: SyscallCounts];
  /** What the other counter saw in the same period. */
  readonly counted: SyscallCounts;
  /** Every name that the server counts, also those that are zero. */
  readonly claimed: readonly string[];
  /** Names that the model's library makes out of the server's sight; documented in the model's file. */
  readonly uncounted: readonly string[];
  /** Calls that may be under way at the end: the server has counted them, the other counter has not. */
  readonly underWay: number;
  /** Calls that may have been made and not yet noticed by the server, which counts them afterwards. */
  readonly unnoticed: number;
  /** Whether calls that the server does not claim are disagreements: not so where set-up is included. */
  readonly steadyState: boolean;
}

export interface Audit {
  readonly disagreements: Disagreement[];
  /** Calls that the server does not claim, and that are accepted: set-up, or documented. */
  readonly unclaimed: Record<string, number>;
}

/** Compares the server's own counts with another counter's, name by name. */
export function auditSyscalls(input: AuditInput): Audit {
  const disagreements = input.claimed.flatMap((name) => compare(name, input) ?? []);
  const unclaimed: Record<string, number> = {};
  for (const [name, counted] of Object.entries(input.counted)) {
    if (input.claimed.includes(name) || counted === 0) continue;
    if (input.steadyState && !input.uncounted.includes(name))
      disagreements.push({ syscall: name, own: 0, counted, why: 'the server does not count this call' });
    else unclaimed[name] = counted;
  }
  return { disagreements, unclaimed };
}

function compare(name: string, input: AuditInput): Disagreement | null {
  const [low, high] = [input.own[0][name] ?? 0, input.own[1][name] ?? 0];
  const counted = input.counted[name] ?? 0;
  if (counted > high + input.unnoticed && !input.uncounted.includes(name))
    return { syscall: name, own: high, counted, why: 'the server missed calls' };
  if (counted + input.underWay < low)
    return { syscall: name, own: low, counted, why: 'the server counted calls that were not made' };
  return null;
}

/** `recvfrom: the server counts 10, strace 12 (the server missed calls)`. */
export function describeDisagreement(disagreement: Disagreement, counter: string): string {
  const { syscall, own, counted, why } = disagreement;
  return `${syscall}: the server counts ${own}, ${counter} ${counted} (${why})`;
}
