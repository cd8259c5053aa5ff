import type { Environment } from '../results/schema.ts';

/** Why an event is not counted that was opened: others had its counter for a part of the time. */
export const SHARED = 'shared';

/** The most at which kernel.perf_event_paranoid lets those without CAP_PERFMON count what the kernel does. */
const PARANOID_MAX = 1;

/** Why an event is not counted, and what would allow it: perf_event_open(2), "ERRORS". */
export interface WhyUncounted {
  readonly reason: string;
  /** Null: nothing on this machine. */
  readonly fix: string | null;
}

/** @param why of `Hardware.uncounted`. */
export function whyUncounted(
  why: string,
  { hypervisor, sysctls }: Pick<Environment, 'hypervisor' | 'sysctls'>,
): WhyUncounted {
  const level = sysctls['kernel.perf_event_paranoid'];
  switch (why) {
    case 'ENOENT':
    case 'ENODEV':
    case 'EOPNOTSUPP':
    case 'EINVAL':
      return {
        reason:
          hypervisor === null
            ? `the CPU or its driver has none for this (${why})`
            : `the hypervisor (${hypervisor}) gives its guest none (${why})`,
        fix: null,
      };
    case 'EACCES':
    case 'EPERM':
      if (level !== undefined && Number(level) > PARANOID_MAX)
        return {
          reason: `kernel.perf_event_paranoid=${level} keeps them from a process without CAP_PERFMON (${why})`,
          fix: `sudo sysctl -w kernel.perf_event_paranoid=${PARANOID_MAX}`,
        };
      return { reason: `a seccomp filter or a security module refuses perf_event_open (${why})`, fix: null };
    case 'ENOSYS':
      return { reason: 'the kernel has no perf events, or a seccomp filter hides them (ENOSYS)', fix: null };
    case 'EMFILE':
      return { reason: 'too few file descriptors are left for them (EMFILE; ulimit -n)', fix: null };
    case SHARED:
      return {
        reason:
          'others use the counters, so that they count a part of the time only (perf, the NMI watchdog)',
        fix: null,
      };
    default:
      return { reason: `perf_event_open fails with ${why}`, fix: null };
  }
}
