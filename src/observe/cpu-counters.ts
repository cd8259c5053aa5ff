import type { Host } from '../host/host.ts';

/** Where the kernel lists what its perf events come from (Documentation/ABI/testing/sysfs-bus-event_source-devices). */
const EVENT_SOURCES = '/sys/bus/event_source/devices';
/** A CPU's counters: of x86, with the kinds of its cores; of arm64, by the model of the core. */
const OF_A_CPU = /^(cpu|cpu_core|cpu_atom|armv8_.+|apple_.+_pmu)$/;
/** The most at which kernel.perf_event_paranoid lets those without CAP_PERFMON count anything. */
const PARANOID_MAX = 2;

/** Whether the CPU seems to have counters that this process may use, without trying: a seccomp filter shows only then. */
export function seemsToHaveCounters(host: Pick<Host, 'listNames' | 'readText' | 'uid'>): boolean {
  const level = Number(host.readText('/proc/sys/kernel/perf_event_paranoid') ?? Number.POSITIVE_INFINITY);
  return (
    (host.uid === 0 || level <= PARANOID_MAX) &&
    host.listNames(EVENT_SOURCES).some((name) => OF_A_CPU.test(name))
  );
}
