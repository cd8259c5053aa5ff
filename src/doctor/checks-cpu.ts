import type { Facts } from './facts.ts';
import type { Answer } from './finding.ts';
import { counted, listed, plural } from './text.ts';

/** As the probe of io_uring names it: what makes a ring cheapest, where the kernel has it. */
const DEFER_TASKRUN = 'DEFER_TASKRUN';

/** The version is told, and nothing concluded from it: distributions carry features back, and leave some out. */
export function kernel({ environment, helpers }: Facts): Answer {
  const value = `${environment.kernel} (${environment.arch})`;
  if (helpers.status === 'failed')
    return { status: 'info', value, meaning: 'what it can do could not be tried', fix: null };
  const ring = helpers.support.find(({ model, supported }) => model === 'io_uring' && supported);
  if (ring !== undefined && !ring.features.includes(DEFER_TASKRUN))
    return {
      status: 'info',
      value,
      meaning: `io_uring runs without ${DEFER_TASKRUN} here: compare it with care with kernels that have it`,
      fix: null,
    };
  return {
    status: 'ok',
    value,
    meaning: 'what it can do was tried: see the models, and io_uring',
    fix: null,
  };
}

export function cpus({ environment, topology }: Facts): Answer {
  const allowed = topology.allowed.length;
  const value = `${environment.cpuModel ?? 'unknown model'}, ${counted(allowed)} of ${plural(environment.cpus, 'CPU')} usable`;
  if (allowed < 2)
    return {
      status: 'warning',
      value,
      meaning:
        'client and server take turns on one CPU: every number holds the cost of both, and compares only with runs made the same way',
      fix: environment.cpus >= 2 ? 'taskset -c 0,1 iomodels-bench run' : null,
    };
  if (allowed === 2)
    return {
      status: 'info',
      value,
      meaning: 'server and client get a CPU each; whatever else runs takes its time from one of them',
      fix: null,
    };
  return {
    status: 'ok',
    value,
    meaning: 'server and client get a CPU each, the rest is left to others',
    fix: null,
  };
}

export function cpuQuota({ cpuQuota: quota, environment }: Facts): Answer {
  if (quota === null)
    return { status: 'ok', value: 'none', meaning: 'no cgroup throttles server or client', fix: null };
  const value = `${counted(quota)} CPUs`;
  if (quota >= 2)
    return {
      status: 'info',
      value,
      meaning:
        'enough for server and client; models with more threads may still be throttled in the tail latency',
      fix: null,
    };
  return {
    status: 'warning',
    value,
    meaning:
      'server and client together are stopped for the rest of each period (100 ms as a rule) once it is used up: throughput and p99 measure the quota',
    fix: isEngine(environment.container) ? `${environment.container} run --cpus=2 ...` : null,
  };
}

export function smt({ environment, topology }: Facts): Answer {
  const groups = topology.allowed.map((cpu) => topology.siblings.get(cpu) ?? [cpu]);
  const cores = new Set(groups.map((group) => group.join(','))).size;
  const value = `${environment.smt ?? 'unknown'}; ${plural(topology.allowed.length, 'usable CPU')} on ${plural(cores, 'core')}`;
  if (topology.allowed.length > 1 && cores === 1)
    return {
      status: 'warning',
      value,
      meaning: 'client and server are threads of one core and slow each other down',
      fix: null,
    };
  if (groups.some((group) => group.length > 1))
    return {
      status: 'info',
      value,
      meaning:
        'run puts client and server on cores of their own; other work on a sibling thread still slows them',
      fix: 'echo off | sudo tee /sys/devices/system/cpu/smt/control',
    };
  return {
    status: 'ok',
    value,
    meaning: 'no two usable CPUs share a core, as far as this kernel is told',
    fix: null,
  };
}

export function governor({ environment }: Facts): Answer {
  if (environment.governor === null)
    return {
      status: 'info',
      value: 'not visible',
      meaning:
        'the hypervisor or the firmware sets the clock rate; changes of it show as differences between blocks',
      fix: null,
    };
  if (environment.governor === 'performance')
    return {
      status: 'ok',
      value: 'performance',
      meaning: 'the clock rate does not follow the load',
      fix: null,
    };
  return {
    status: 'warning',
    value: environment.governor,
    meaning:
      'the clock rate follows the load: models that sleep more run on slower CPUs, which adds to their latency and CPU time',
    fix: 'echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor',
  };
}

export function mitigations({ environment }: Facts): Answer {
  const entries = Object.entries(environment.mitigations);
  const named = (word: string) => entries.filter(([, state]) => state.startsWith(word)).map(([name]) => name);
  const active = named('Mitigation');
  const vulnerable = named('Vulnerable');
  if (entries.length === 0)
    return {
      status: 'info',
      value: 'not reported',
      meaning: 'what a system call costs depends on them, and cannot be told here',
      fix: null,
    };
  return {
    status: 'info',
    value: `active: ${listed(active, 'none')}; vulnerable: ${listed(vulnerable, 'none')}`,
    meaning:
      'mitigations make every system call and context switch dearer, so models that make fewer of them gain more; compare runs only under the same set',
    fix: null,
  };
}

export function hypervisor({ environment }: Facts): Answer {
  if (environment.hypervisor === null)
    return { status: 'ok', value: 'none', meaning: 'nothing takes CPU time unseen', fix: null };
  return {
    status: 'info',
    value: environment.hypervisor,
    meaning:
      'a neighbour can take CPU time (steal); trials in which that is seen are marked. Timer interrupts and wakeups cost more than on bare metal',
    fix: null,
  };
}

export function container({ environment, seccompFilter, cpuQuota: quota }: Facts): Answer {
  if (environment.container === null)
    return {
      status: 'ok',
      value: 'none',
      meaning: 'no container engine changes limits or system calls',
      fix: null,
    };
  const effects = [
    seccompFilter === true
      ? 'its seccomp filter adds to the cost of every system call and may block some'
      : '',
    quota !== null ? 'its CPU quota may throttle' : '',
  ].filter((effect) => effect !== '');
  return {
    status: 'info',
    value: environment.container,
    meaning: listed(effects, 'neither a seccomp filter nor a CPU quota was seen over this process'),
    fix: null,
  };
}

/** Clock sources that are read with a system call, not in the vDSO: every reading is dear. */
const SLOW_CLOCKS = ['hpet', 'acpi_pm', 'jiffies', 'refined-jiffies'];

export function clocksource({ environment, clocksources }: Facts): Answer {
  const value = environment.clocksource;
  if (value === null)
    return { status: 'info', value: 'unknown', meaning: 'see what the timer costs, below', fix: null };
  if (!SLOW_CLOCKS.includes(value))
    return { status: 'ok', value, meaning: 'the clock is read without a system call', fix: null };
  const better = clocksources.find((name) => !SLOW_CLOCKS.includes(name));
  return {
    status: 'warning',
    value,
    meaning:
      'every reading of the clock is a slow system call, which the load generator pays for all the time',
    fix: better
      ? `echo ${better} | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource`
      : null,
  };
}

/** An engine whose command line is that of docker. */
export function isEngine(name: string | null): name is 'docker' | 'podman' {
  return name === 'docker' || name === 'podman';
}
