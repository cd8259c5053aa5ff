import type { LoadEdge, LoadReport } from '../load/generator.ts';
import type { SyscallCounts } from './audit.ts';
import { SYSCALL_PREFIX } from './observe.ts';
import type { Tracepoint } from './tracepoints.ts';

/** The system calls of one window, as the server counts them and as the kernel does. */
export interface TracedCalls {
  /**
   * The server's own counts: the least and the most that they can be at the moments when the kernel's
   * were read. The same twice if `exact`.
   */
  readonly own: readonly [low: SyscallCounts, high: SyscallCounts];
  /** Every name that the server counts. */
  readonly claimed: readonly string[];
  /** The kernel's counts, by the names that were traced. */
  readonly counted: SyscallCounts;
  /** The kernel's count of all calls; null if it was not traced. */
  readonly every: number | null;
  /** Of these, calls that no traced name covers. */
  readonly unnamed: number | null;
  /** The server slept at both edges, so both counters tell of the same window. */
  readonly exact: boolean;
}

/** What the window of a traced load says; `events` are those whose ids were traced, in the same order. */
export function tracedCalls(
  report: Pick<LoadReport, 'start' | 'end'>,
  events: readonly Tracepoint[],
): TracedCalls {
  const { start, end } = report;
  const hits = events.map((_event, i) => (end.traces[i] ?? 0) - (start.traces[i] ?? 0));
  const counted: Record<string, number> = {};
  let every: number | null = null;
  for (const [i, { syscall }] of events.entries()) {
    if (syscall === null) every = hits[i] ?? 0;
    else counted[syscall] = hits[i] ?? 0;
  }
  const named = Object.values(counted).reduce((a, b) => a + b, 0);
  return {
    own: [grown(start.countersAfter, end.counters), grown(start.counters, end.countersAfter)],
    claimed: Object.keys(end.counters).flatMap((name) => syscallOf(name) ?? []),
    counted,
    every,
    unnamed: every === null ? null : every - named,
    exact: start.rested && end.rested,
  };
}

function syscallOf(counter: string): string | null {
  return counter.startsWith(SYSCALL_PREFIX) ? counter.slice(SYSCALL_PREFIX.length) : null;
}

/** How much each system call grew, never less than nothing: the bracket may overlap itself. */
function grown(before: LoadEdge['counters'], after: LoadEdge['counters']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, value] of Object.entries(after)) {
    const syscall = syscallOf(name);
    if (syscall !== null) counts[syscall] = Math.max(0, value - (before[name] ?? 0));
  }
  return counts;
}
