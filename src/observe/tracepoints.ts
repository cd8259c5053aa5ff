import { constants } from 'node:os';
import type { Host } from '../host/host.ts';

/** The tracepoint that every system call of a task passes when it is entered. */
export const EVERY_CALL = 'raw_syscalls:sys_enter';

/** A tracepoint of the kernel that can be counted. */
export interface Tracepoint {
  /** As perf writes it, `syscalls:sys_enter_recvfrom`. */
  readonly name: string;
  /** The system call that it counts, by the kernel's name; null: all of them. */
  readonly syscall: string | null;
  /** What `LoadRequest.traceIds` wants. */
  readonly id: number;
}

/** The tracepoints that can be counted here, or what is in the way. */
export type Tracepoints =
  | {
      readonly available: true;
      /** `EVERY_CALL` first, then those of the calls that the kernel knows. */
      readonly events: readonly Tracepoint[];
    }
  | {
      readonly available: false;
      /** All that is in the way, each with the command that would allow it. */
      readonly reason: string;
    };

export interface TracepointSources {
  readonly host: Host;
  /** Tries to count the tracepoint in a process of ours: 0, or an errno. See `traceChecker`. */
  readonly check: (id: number) => number;
}

/** Where the kernel puts its tracing file system, new place first (Documentation/trace/ftrace.rst). */
const PLACES = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'] as const;

/**
 * Finds the tracepoints that count these system calls, and tries one. A call that the kernel has no
 * tracepoint for (another architecture's) is left out; `EVERY_CALL` counts it all the same.
 */
export function findTracepoints(syscalls: readonly string[], sources: TracepointSources): Tracepoints {
  const { host } = sources;
  const place = PLACES.find((path) => readId(host, path, EVERY_CALL) !== null);
  if (place === undefined) {
    const problems = [tracefsProblem(host), paranoidProblem(host)];
    return { available: false, reason: problems.filter((problem) => problem !== null).join('; ') };
  }
  const wanted = [
    { name: EVERY_CALL, syscall: null },
    ...[...new Set(syscalls)].map((syscall) => ({ name: `syscalls:sys_enter_${syscall}`, syscall })),
  ];
  const events = wanted.flatMap(({ name, syscall }) => {
    const id = readId(host, place, name);
    return id === null ? [] : [{ name, syscall, id }];
  });
  const errno = events[0] ? sources.check(events[0].id) : 0;
  if (errno !== 0) return { available: false, reason: perfProblem(host, errno) };
  return { available: true, events };
}

function readId(host: Host, place: string, name: string): number | null {
  const text = host.readText(`${place}/events/${name.replace(':', '/')}/id`)?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** Why no id could be read. */
function tracefsProblem(host: Host): string {
  const mounts = (host.readText('/proc/self/mounts') ?? '').split('\n').map((line) => line.split(' '));
  const place = mounts.find(([, , type]) => type === 'tracefs')?.[1];
  if (place !== undefined && host.uid !== 0)
    // The directory's mode is not enough: since 5.16 the files below are for owner and group (0440).
    return `${place} may not be read (run as root, or: sudo mount -o remount,mode=750,gid=$(id -g) ${place})`;
  const known = /\btracefs$/m.test(host.readText('/proc/filesystems') ?? '');
  if (place === undefined && known)
    return `tracefs is not mounted (sudo mount -t tracefs -o mode=750,gid=$(id -g) tracefs ${PLACES[0]})`;
  return 'this kernel has no tracepoints of system calls (it takes CONFIG_FTRACE_SYSCALLS)';
}

/** The most at which kernel.perf_event_paranoid shows the kernel's events to those without CAP_PERFMON. */
const PARANOID_MAX = 1;
/** Bits of CapEff: capabilities(7). Either will do. */
const CAPABILITIES = { CAP_SYS_ADMIN: 21n, CAP_PERFMON: 38n } as const;

/** Whether perf_event_open will be refused, as far as can be foretold without trying it. */
function paranoidProblem(host: Host): string | null {
  const level = host.readText('/proc/sys/kernel/perf_event_paranoid')?.trim();
  if (level === undefined) return 'this kernel has no perf events (it takes CONFIG_PERF_EVENTS)';
  if (isPrivileged(host) || Number(level) <= PARANOID_MAX) return null;
  return (
    `kernel.perf_event_paranoid=${level} keeps the kernel's events from a process without CAP_PERFMON ` +
    `(run as root, or: sudo sysctl -w kernel.perf_event_paranoid=${PARANOID_MAX})`
  );
}

function isPrivileged(host: Host): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(host.readText('/proc/self/status') ?? '')?.[1] ?? '0';
  return Object.values(CAPABILITIES).some((bit) => (BigInt(`0x${mask}`) >> bit) & 1n);
}

/** Why perf_event_open was refused: perf_event_open(2), "ERRORS". */
function perfProblem(host: Host, errno: number): string {
  const { EACCES, EPERM, ENOSYS } = constants.errno;
  const refused = errno === EACCES || errno === EPERM;
  const paranoid = refused || errno === ENOSYS ? paranoidProblem(host) : null;
  if (paranoid !== null) return paranoid;
  if (refused && /^Seccomp:\s*2$/m.test(host.readText('/proc/self/status') ?? ''))
    return 'a seccomp filter refuses perf_event_open (in a container: docker run --cap-add PERFMON ...)';
  if (refused) return 'a security module refuses perf_event_open, although CAP_PERFMON is not missing';
  const name = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? errno;
  return `perf_event_open fails with ${name}`;
}
