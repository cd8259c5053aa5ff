import { compiler, hardwareCounters, ioUring, models, perf } from './checks-access.ts';
import {
  clocksource,
  container,
  cpuQuota,
  cpus,
  governor,
  hypervisor,
  kernel,
  mitigations,
  smt,
} from './checks-cpu.ts';
import {
  aio,
  backlog,
  cacheFolder,
  congestion,
  fdLimit,
  memlock,
  ports,
  resultsFolder,
  signals,
  threads,
} from './checks-limits.ts';
import { ffi, quiet, timer } from './checks-now.ts';
import type { Facts } from './facts.ts';
import type { Answer, Finding } from './finding.ts';

interface Check {
  readonly id: string;
  readonly title: string;
  readonly check: (facts: Facts) => Answer;
}

/** What `doctor` looks at, in the order in which it is shown: one row per finding. */
export const CHECKS = [
  { id: 'compiler', title: 'C compiler', check: compiler },
  { id: 'models', title: 'all but io_uring', check: models },
  { id: 'io_uring', title: 'io_uring', check: ioUring },
  { id: 'kernel', title: 'kernel', check: kernel },
  { id: 'cpus', title: 'CPUs', check: cpus },
  { id: 'cpu-quota', title: 'CPU quota', check: cpuQuota },
  { id: 'smt', title: 'SMT', check: smt },
  { id: 'governor', title: 'CPU governor', check: governor },
  { id: 'mitigations', title: 'mitigations', check: mitigations },
  { id: 'hypervisor', title: 'hypervisor', check: hypervisor },
  { id: 'container', title: 'container', check: container },
  { id: 'fd-limit', title: 'file descriptors', check: fdLimit },
  { id: 'threads', title: 'threads', check: threads },
  { id: 'signals', title: 'queued signals', check: signals },
  { id: 'memlock', title: 'locked memory', check: memlock },
  { id: 'aio', title: 'native AIO', check: aio },
  { id: 'ports', title: 'local ports', check: ports },
  { id: 'congestion', title: 'TCP congestion', check: congestion },
  { id: 'backlog', title: 'listen backlog', check: backlog },
  { id: 'perf', title: 'perf access', check: perf },
  { id: 'hardware-counters', title: 'hardware counters', check: hardwareCounters },
  { id: 'clocksource', title: 'clock source', check: clocksource },
  { id: 'timer', title: 'timer', check: timer },
  { id: 'ffi', title: 'FFI call', check: ffi },
  { id: 'quiet', title: 'quiet now', check: quiet },
  { id: 'results-folder', title: 'results folder', check: resultsFolder },
  { id: 'cache-folder', title: 'cache folder', check: cacheFolder },
] as const satisfies readonly Check[];

/** What the facts mean for the numbers. Pure: the same facts make the same findings. */
export function diagnose(facts: Facts): Finding[] {
  return CHECKS.map(({ id, title, check }) => ({ id, title, ...check(facts) }));
}
