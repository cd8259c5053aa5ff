import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { GOOD_ENVIRONMENT, GOOD_FACTS, supportOf } from '../fixtures/facts.ts';
import type { Environment } from '../results/schema.ts';
import { CHECKS, diagnose } from './diagnose.ts';
import type { Facts } from './facts.ts';

type Change = Partial<Omit<Facts, 'environment'>> & { environment?: Partial<Environment> };

function factsWith(change: Change): Facts {
  return { ...GOOD_FACTS, ...change, environment: { ...GOOD_ENVIRONMENT, ...change.environment } };
}

function sysctls(change: Record<string, string>): Change {
  return { environment: { sysctls: { ...GOOD_ENVIRONMENT.sysctls, ...change } } };
}

function without(reasons: Record<string, string>): Change {
  return {
    helpers: {
      status: 'ready',
      support: supportOf(reasons),
      ffi: { p50Ns: 40, p99Ns: 60 },
      congestion: 'reno',
      hardwareErrnos: [0, 0, 0, 0],
    },
  };
}

/** The machine, where the probe of one model names these features. */
function features(model: string, names: string[]): Change {
  const support = supportOf().map((one) => (one.model === model ? { ...one, features: names } : one));
  return {
    helpers: {
      status: 'ready',
      support,
      ffi: { p50Ns: 40, p99Ns: 60 },
      congestion: 'reno',
      hardwareErrnos: [0, 0, 0, 0],
    },
  };
}

/** The machine, where counting fails so, but for the events of `fine`. */
function counters(errno: number, fine: readonly number[] = []): Change {
  const errnos = [0, 1, 2, 3].map((event) => (fine.includes(event) ? 0 : errno));
  const { helpers } = GOOD_FACTS;
  return helpers.status === 'ready' ? { helpers: { ...helpers, hardwareErrnos: errnos } } : {};
}

/** The findings that a change of the good machine moves, as text. */
function moved(change: Change): string {
  const before = new Map(diagnose(GOOD_FACTS).map((finding) => [finding.id, JSON.stringify(finding)]));
  return diagnose(factsWith(change))
    .filter((finding) => before.get(finding.id) !== JSON.stringify(finding))
    .map(({ id, status, value, meaning, fix }) => `${id} ${status}: ${value}; ${meaning}; fix: ${fix}`)
    .join('\n');
}

describe('diagnose', () => {
  test('has nothing to complain about on a good machine', () => {
    const findings = diagnose(GOOD_FACTS);
    expect(findings.map(({ id, status, value }) => `${id} ${status}: ${value}`)).toMatchInlineSnapshot(`
      [
        "compiler ok: cc: gcc 13.2.0",
        "models ok: 10 of 10 run here",
        "io_uring ok: allowed",
        "kernel ok: 6.8.0-45-generic (x64)",
        "cpus ok: AMD Ryzen 9 7950X, 4 of 16 CPUs usable",
        "cpu-quota ok: none",
        "smt ok: off; 4 usable CPUs on 4 cores",
        "governor ok: performance",
        "mitigations info: active: spectre_v2; vulnerable: mds",
        "hypervisor ok: none",
        "container ok: none",
        "fd-limit ok: 1,048,576 (hard limit); the largest workload needs 10,064",
        "threads ok: 200,000 by kernel.threads-max; the largest workload needs 10,064",
        "signals ok: 200,000; the largest workload needs 10,008",
        "memlock ok: unlimited",
        "aio ok: 1,048,576 of 1,048,576 events free; the largest workload needs 10,009",
        "ports ok: 64,512 (1024 65535)",
        "congestion ok: reno",
        "backlog ok: 4,096",
        "perf ok: kernel.perf_event_paranoid=1",
        "hardware-counters ok: 4 of 4 events can be counted",
        "clocksource ok: tsc",
        "timer ok: 30 ns a reading (p99 50 ns), steps of 20 ns",
        "ffi ok: 40 ns a call (p99 60 ns)",
        "quiet ok: steal 0.0 %, CPU pressure 0.1 %, load 0.2 on 16 CPUs",
        "results-folder ok: ./results, 80 GiB free",
        "cache-folder ok: /home/me/.cache/iomodels-bench, 80 GiB free",
      ]
    `);
    expect(findings.every(({ fix }) => fix === null)).toBe(true);
  });

  test('gives every finding an id of its own and a meaning', () => {
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
    for (const { meaning, title, value } of diagnose(GOOD_FACTS))
      expect([meaning, title, value]).not.toContain('');
  });

  const one = { allowed: [0], online: [0], siblings: new Map([[0, [0]]]) };
  const pair = { allowed: [0, 1], online: [0, 1], siblings: new Map([0, 1].map((cpu) => [cpu, [0, 1]])) };
  const threads = {
    allowed: [0, 1, 2, 3],
    online: [0, 1, 2, 3],
    siblings: new Map([0, 1, 2, 3].map((c) => [c, [c % 2, (c % 2) + 2]])),
  };
  const failed = { status: 'failed', reason: 'cc could not compile epoll' } as const;

  const changes: [title: string, change: Change][] = [
    [
      'no compiler',
      {
        compiler: { status: 'missing', reason: 'tried cc' },
        helpers: { ...failed, reason: 'no C compiler' },
      },
    ],
    [
      'no compiler, on a distribution that is not known',
      { compiler: { status: 'missing', reason: 'tried cc' }, distributions: ['plan9'] },
    ],
    ['helpers that do not compile', { helpers: failed }],
    ['a model that cannot run', without({ 'native-aio': 'seccomp blocks io_setup' })],
    [
      'io_uring forbidden to all',
      {
        ...without({ io_uring: 'EPERM', 'io_uring-sqpoll': 'EPERM' }),
        ...sysctls({ 'kernel.io_uring_disabled': '2' }),
      },
    ],
    [
      'io_uring left to a group',
      {
        ...without({ io_uring: 'EPERM', 'io_uring-sqpoll': 'EPERM' }),
        ...sysctls({ 'kernel.io_uring_disabled': '1', 'kernel.io_uring_group': '27' }),
      },
    ],
    [
      'io_uring behind a seccomp filter',
      {
        ...without({ io_uring: 'EPERM', 'io_uring-sqpoll': 'EPERM' }),
        seccompFilter: true,
        environment: { container: 'docker' },
      },
    ],
    [
      'io_uring not in the kernel',
      without({ io_uring: 'ENOSYS: no io_uring_setup', 'io_uring-sqpoll': 'ENOSYS' }),
    ],
    [
      'rows of a full run that cannot run',
      without({ kqueue: 'needs libkqueue', 'io_uring-napi': 'on loopback there is nothing to poll' }),
    ],
    ['io_uring without its thread', without({ 'io_uring-sqpoll': 'needs 5.11' })],
    [
      'io_uring forbidden, and nothing to probe it with',
      { helpers: failed, ...sysctls({ 'kernel.io_uring_disabled': '2' }) },
    ],
    ['a kernel without DEFER_TASKRUN', features('io_uring', ['COOP_TASKRUN'])],
    ['rings that count as locked memory', features('io_uring', ['DEFER_TASKRUN', 'RLIMIT_MEMLOCK'])],
    [
      'rings that do not fit',
      without({ io_uring: 'io_uring_setup: no memory for rings (ENOMEM): RLIMIT_MEMLOCK allows 64 KiB' }),
    ],
    ['one CPU of many', { topology: one }],
    ['one CPU', { topology: one, environment: { cpus: 1 } }],
    ['two CPUs', { topology: { ...GOOD_FACTS.topology, allowed: [0, 1] } }],
    ['two threads of one core', { topology: pair, environment: { smt: 'on' } }],
    ['cores with two threads', { topology: threads, environment: { smt: 'on' } }],
    ['a tight CPU quota', { cpuQuota: 1.5, environment: { container: 'podman' } }],
    ['a wide CPU quota', { cpuQuota: 4 }],
    ['a governor that follows the load', { environment: { governor: 'schedutil' } }],
    [
      'a virtual machine in a container',
      { environment: { governor: null, hypervisor: 'KVM', container: 'docker' } },
    ],
    ['mitigations that are not told', { environment: { mitigations: {} } }],
    ['a slow clock source', { environment: { clocksource: 'hpet' } }],
    [
      'a slow clock source without a better one',
      { environment: { clocksource: 'acpi_pm' }, clocksources: ['acpi_pm'] },
    ],
    ['too few descriptors', { environment: { limits: { ...GOOD_ENVIRONMENT.limits, nofile: 4096 } } }],
    [
      'too few descriptors in a container',
      { environment: { container: 'docker', limits: { ...GOOD_ENVIRONMENT.limits, nofile: 4096 } } },
    ],
    [
      'too few descriptors under a low ceiling',
      {
        environment: {
          limits: { ...GOOD_ENVIRONMENT.limits, nofile: 64 },
          sysctls: { ...GOOD_ENVIRONMENT.sysctls, 'fs.nr_open': '4096' },
        },
      },
    ],
    ['too few processes', { environment: { limits: { ...GOOD_ENVIRONMENT.limits, nproc: 4096 } } }],
    [
      'too few processes, as root',
      { hostRoot: true, environment: { limits: { ...GOOD_ENVIRONMENT.limits, nproc: 4096 } } },
    ],
    ['too few tasks in the cgroup', { pidsMax: 1000, environment: { container: 'docker' } }],
    ['too few mappings', sysctls({ 'vm.max_map_count': '10000' })],
    ['too few queued signals', { sigpending: 1000 }],
    ['too few AIO events', { aioReserved: 1_040_000 }],
    ['too few ports', sysctls({ 'net.ipv4.ip_local_port_range': '32768 40000' })],
    ['a short backlog', sysctls({ 'net.core.somaxconn': '128' })],
    ['perf for privileged users only', sysctls({ 'kernel.perf_event_paranoid': '3' })],
    [
      'perf for privileged users, and privileges',
      { ...sysctls({ 'kernel.perf_event_paranoid': '3' }), capabilities: ['CAP_PERFMON'] },
    ],
    [
      'a guest without hardware counters',
      { ...counters(constants.errno.ENOENT), environment: { hypervisor: 'KVM' } },
    ],
    [
      'counters of user space only',
      { ...counters(constants.errno.EACCES, [0]), ...sysctls({ 'kernel.perf_event_paranoid': '2' }) },
    ],
    [
      'a dear timer and dear calls',
      {
        timer: { p50Ns: 1500, p99Ns: 3000, stepNs: 1000 },
        helpers: {
          status: 'ready',
          support: supportOf(),
          ffi: { p50Ns: 5000, p99Ns: 9000 },
          congestion: 'reno',
          hardwareErrnos: [0, 0, 0, 0],
        },
      },
    ],
    [
      'a kernel that refuses the congestion control',
      {
        helpers: {
          status: 'ready',
          support: supportOf(),
          ffi: { p50Ns: 40, p99Ns: 60 },
          congestion: 'bbr',
          hardwareErrnos: [0, 0, 0, 0],
        },
      },
    ],
    ['a busy host', { stealShare: 0.05, cpuPressureShare: 0.4, loadAverage: 30 }],
    [
      'folders that cannot be written',
      { folders: GOOD_FACTS.folders.map((f) => ({ ...f, writable: false })) },
    ],
    [
      'folders that cannot be written, and nothing compiled',
      { helpers: failed, folders: GOOD_FACTS.folders.map((f) => ({ ...f, writable: false })) },
    ],
    ['a disk that is nearly full', { folders: GOOD_FACTS.folders.map((f) => ({ ...f, freeBytes: 20e6 })) }],
    [
      'nothing that can be read',
      {
        capabilities: null,
        seccompFilter: null,
        sigpending: null,
        aioReserved: null,
        stealShare: null,
        cpuPressureShare: null,
        loadAverage: null,
        folders: [],
        environment: {
          governor: null,
          smt: null,
          cpuModel: null,
          clocksource: null,
          sysctls: {},
          limits: { nofile: null, memlockBytes: null, nproc: null },
        },
      },
    ],
  ];
  test('says what each deviation means, and the command that would change it', () => {
    const told = changes.map(([title, change]) => `-- ${title}\n${moved(change)}`);
    expect(told.join('\n')).toMatchInlineSnapshot(`
      "-- no compiler
      compiler problem: none; nothing can be measured: servers and load generator are compiled here. tried cc; fix: sudo apt-get install gcc libc6-dev
      models problem: not probed; no C compiler; fix: null
      io_uring problem: not probed; no C compiler; neither a sysctl nor a seccomp filter forbids io_uring; fix: null
      kernel info: 6.8.0-45-generic (x64); what it can do could not be tried; fix: null
      memlock info: unlimited; whether io_uring's rings count could not be tried; fix: null
      congestion info: unknown; that of the host is unknown; fix: null
      hardware-counters info: not probed; no C compiler; fix: null
      ffi problem: not measured; no C compiler; fix: null
      -- no compiler, on a distribution that is not known
      compiler problem: none; nothing can be measured: servers and load generator are compiled here. tried cc; fix: null
      -- helpers that do not compile
      compiler problem: cc: gcc 13.2.0; nothing can be measured: cc could not compile epoll; fix: null
      models problem: not probed; cc could not compile epoll; fix: null
      io_uring problem: not probed; cc could not compile epoll; neither a sysctl nor a seccomp filter forbids io_uring; fix: null
      kernel info: 6.8.0-45-generic (x64); what it can do could not be tried; fix: null
      memlock info: unlimited; whether io_uring's rings count could not be tried; fix: null
      congestion info: unknown; that of the host is unknown; fix: null
      hardware-counters info: not probed; cc could not compile epoll; fix: null
      ffi problem: not measured; cc could not compile epoll; fix: null
      -- a model that cannot run
      models problem: 9 of 10 run here; skipped: native-aio (seccomp blocks io_setup); fix: null
      -- io_uring forbidden to all
      io_uring problem: blocked by kernel.io_uring_disabled=2; io_uring, io_uring-sqpoll skipped: the sysctl forbids it to everyone (EPERM); fix: sudo sysctl -w kernel.io_uring_disabled=0
      -- io_uring left to a group
      io_uring problem: blocked by kernel.io_uring_disabled=1; io_uring, io_uring-sqpoll skipped: the sysctl forbids it to all but CAP_SYS_ADMIN and group 27 (EPERM); fix: sudo sysctl -w kernel.io_uring_disabled=0
      -- io_uring behind a seccomp filter
      io_uring problem: blocked by a seccomp filter; io_uring, io_uring-sqpoll skipped: docker filters its system calls (EPERM); fix: docker run --security-opt seccomp=unconfined ...
      container info: docker; its seccomp filter adds to the cost of every system call and may block some; fix: null
      -- io_uring not in the kernel
      io_uring problem: not available; io_uring, io_uring-sqpoll skipped: ENOSYS: no io_uring_setup; fix: null
      -- rows of a full run that cannot run
      models info: 10 of 11 run here; skipped: kqueue (needs libkqueue); fix: null
      io_uring info: allowed, but not for io_uring-napi; skipped: on loopback there is nothing to poll; fix: null
      -- io_uring without its thread
      io_uring warning: allowed, but not for io_uring-sqpoll; skipped: needs 5.11; fix: null
      -- io_uring forbidden, and nothing to probe it with
      compiler problem: cc: gcc 13.2.0; nothing can be measured: cc could not compile epoll; fix: null
      models problem: not probed; cc could not compile epoll; fix: null
      io_uring problem: not probed; cc could not compile epoll; the sysctl forbids it to everyone; fix: sudo sysctl -w kernel.io_uring_disabled=0
      kernel info: 6.8.0-45-generic (x64); what it can do could not be tried; fix: null
      memlock info: unlimited; whether io_uring's rings count could not be tried; fix: null
      congestion info: unknown; that of the host is unknown; fix: null
      hardware-counters info: not probed; cc could not compile epoll; fix: null
      ffi problem: not measured; cc could not compile epoll; fix: null
      -- a kernel without DEFER_TASKRUN
      io_uring ok: allowed; in use: COOP_TASKRUN; fix: null
      kernel info: 6.8.0-45-generic (x64); io_uring runs without DEFER_TASKRUN here: compare it with care with kernels that have it; fix: null
      -- rings that count as locked memory
      memlock ok: unlimited; io_uring's rings count as locked memory here, and those of every workload fit; fix: null
      -- rings that do not fit
      io_uring warning: allowed, but not for io_uring; skipped: io_uring_setup: no memory for rings (ENOMEM): RLIMIT_MEMLOCK allows 64 KiB; fix: null
      memlock warning: unlimited; io_uring_setup: no memory for rings (ENOMEM): RLIMIT_MEMLOCK allows 64 KiB; fix: sudo prlimit --pid $$ --memlock=unlimited
      -- one CPU of many
      cpus warning: AMD Ryzen 9 7950X, 1 of 16 CPUs usable; client and server take turns on one CPU: every number holds the cost of both, and compares only with runs made the same way; fix: taskset -c 0,1 iomodels-bench run
      smt ok: off; 1 usable CPU on 1 core; no two usable CPUs share a core, as far as this kernel is told; fix: null
      -- one CPU
      cpus warning: AMD Ryzen 9 7950X, 1 of 1 CPU usable; client and server take turns on one CPU: every number holds the cost of both, and compares only with runs made the same way; fix: null
      smt ok: off; 1 usable CPU on 1 core; no two usable CPUs share a core, as far as this kernel is told; fix: null
      quiet ok: steal 0.0 %, CPU pressure 0.1 %, load 0.2 on 1 CPU; little else runs at this moment; fix: null
      -- two CPUs
      cpus info: AMD Ryzen 9 7950X, 2 of 16 CPUs usable; server and client get a CPU each; whatever else runs takes its time from one of them; fix: null
      smt ok: off; 2 usable CPUs on 2 cores; no two usable CPUs share a core, as far as this kernel is told; fix: null
      -- two threads of one core
      cpus info: AMD Ryzen 9 7950X, 2 of 16 CPUs usable; server and client get a CPU each; whatever else runs takes its time from one of them; fix: null
      smt warning: on; 2 usable CPUs on 1 core; client and server are threads of one core and slow each other down; fix: null
      -- cores with two threads
      smt info: on; 4 usable CPUs on 2 cores; run puts client and server on cores of their own; other work on a sibling thread still slows them; fix: echo off | sudo tee /sys/devices/system/cpu/smt/control
      -- a tight CPU quota
      cpu-quota warning: 1.5 CPUs; server and client together are stopped for the rest of each period (100 ms as a rule) once it is used up: throughput and p99 measure the quota; fix: podman run --cpus=2 ...
      container info: podman; its CPU quota may throttle; fix: null
      -- a wide CPU quota
      cpu-quota info: 4 CPUs; enough for server and client; models with more threads may still be throttled in the tail latency; fix: null
      -- a governor that follows the load
      governor warning: schedutil; the clock rate follows the load: models that sleep more run on slower CPUs, which adds to their latency and CPU time; fix: echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor
      -- a virtual machine in a container
      governor info: not visible; the hypervisor or the firmware sets the clock rate; changes of it show as differences between blocks; fix: null
      hypervisor info: KVM; a neighbour can take CPU time (steal); trials in which that is seen are marked. Timer interrupts and wakeups cost more than on bare metal; fix: null
      container info: docker; neither a seccomp filter nor a CPU quota was seen over this process; fix: null
      -- mitigations that are not told
      mitigations info: not reported; what a system call costs depends on them, and cannot be told here; fix: null
      -- a slow clock source
      clocksource warning: hpet; every reading of the clock is a slow system call, which the load generator pays for all the time; fix: echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource
      -- a slow clock source without a better one
      clocksource warning: acpi_pm; every reading of the clock is a slow system call, which the load generator pays for all the time; fix: null
      -- too few descriptors
      fd-limit problem: 4,096 (hard limit); the largest workload needs 10,064; skipped for too few descriptors: large; fix: sudo prlimit --pid $$ --nofile=16384:16384
      -- too few descriptors in a container
      container info: docker; neither a seccomp filter nor a CPU quota was seen over this process; fix: null
      fd-limit problem: 4,096 (hard limit); the largest workload needs 10,064; skipped for too few descriptors: large; fix: docker run --ulimit nofile=16384:16384 ...
      -- too few descriptors under a low ceiling
      fd-limit problem: 64 (hard limit); the largest workload needs 10,064; skipped for too few descriptors: small, large; fix: sudo sysctl -w fs.nr_open=16384 && sudo prlimit --pid $$ --nofile=16384:16384
      -- too few processes
      threads problem: 4,096 by RLIMIT_NPROC; the largest workload needs 10,064; models with a thread per connection fail under the largest workloads; fix: sudo prlimit --pid $$ --nproc=32768:32768
      -- too few processes, as root

      -- too few tasks in the cgroup
      container info: docker; neither a seccomp filter nor a CPU quota was seen over this process; fix: null
      threads problem: 1,000 by pids.max of the cgroup; the largest workload needs 10,064; models with a thread per connection fail under the largest workloads; fix: docker run --pids-limit=32768 ...
      -- too few mappings
      threads problem: 5,000 by vm.max_map_count; the largest workload needs 10,064; models with a thread per connection fail under the largest workloads; fix: sudo sysctl -w vm.max_map_count=65536
      -- too few queued signals
      signals warning: 1,000; the largest workload needs 10,008; posix-aio cannot hold that many connections; sigio-rt loses signals in bursts and rescans; fix: sudo prlimit --pid $$ --sigpending=16384
      -- too few AIO events
      aio problem: 8,576 of 1,048,576 events free; the largest workload needs 10,009; io_setup fails for native-aio under the largest workloads; fix: sudo sysctl -w fs.aio-max-nr=2097152
      -- too few ports
      ports info: 7,233 (32768 40000); fewer than the 10,000 connections of the largest workload: the client takes further addresses of 127.0.0.0/8; fix: sudo sysctl -w net.ipv4.ip_local_port_range="1024 65535"
      -- a short backlog
      backlog info: 128; a burst of more connections than this loses some, which come back after a second: opening many takes longer; fix: sudo sysctl -w net.core.somaxconn=4096
      -- perf for privileged users only
      perf info: kernel.perf_event_paranoid=3; perf is refused; not needed to measure, only to check the counts with perf by hand; fix: sudo sysctl -w kernel.perf_event_paranoid=1
      -- perf for privileged users, and privileges
      perf ok: kernel.perf_event_paranoid=3; perf sees the kernel's events; not needed to measure, only to check the counts with perf by hand; fix: null
      -- a guest without hardware counters
      hypervisor info: KVM; a neighbour can take CPU time (steal); trials in which that is seen are marked. Timer interrupts and wakeups cost more than on bare metal; fix: null
      hardware-counters info: none; not counted: the hypervisor (KVM) gives its guest none (ENOENT); fix: null
      -- counters of user space only
      perf info: kernel.perf_event_paranoid=2; perf sees user space only; not needed to measure, only to check the counts with perf by hand; fix: sudo sysctl -w kernel.perf_event_paranoid=1
      hardware-counters info: 1 of 4 events can be counted; not counted: kernel.perf_event_paranoid=2 keeps them from a process without CAP_PERFMON (EACCES); fix: sudo sysctl -w kernel.perf_event_paranoid=1
      -- a dear timer and dear calls
      timer warning: 1,500 ns a reading (p99 3,000 ns), steps of 1,000 ns; readings this slow go through a system call; see the clock source; fix: null
      ffi info: 5,000 ns a call (p99 9,000 ns); a trial makes one such call and progress a few: none of it is inside a measured request; fix: null
      -- a kernel that refuses the congestion control
      congestion warning: bbr; the kernel refuses reno, so the servers use that of the host: numbers compare with no host that allows it; fix: sysctl net.ipv4.tcp_allowed_congestion_control='reno bbr'
      -- a busy host
      quiet warning: steal 5.0 %, CPU pressure 40.0 %, load 30 on 16 CPUs; the hypervisor takes CPU time, tasks wait for a CPU, other programs are running: more blocks are needed for the same precision, and tail latencies are not the models' own; fix: iomodels-bench run --precision 2% --max-time 10m
      -- folders that cannot be written
      results-folder problem: ./results, 80 GiB free, not writable; runs cannot be stored there; fix: iomodels-bench run --results ~/iomodels-results
      cache-folder info: /home/me/.cache/iomodels-bench, 80 GiB free, not writable; what is compiled there is used; after a change of sources or compiler nothing new could be kept; fix: export XDG_CACHE_HOME=/var/tmp/cache
      -- folders that cannot be written, and nothing compiled
      compiler problem: cc: gcc 13.2.0; nothing can be measured: cc could not compile epoll; fix: null
      models problem: not probed; cc could not compile epoll; fix: null
      io_uring problem: not probed; cc could not compile epoll; neither a sysctl nor a seccomp filter forbids io_uring; fix: null
      kernel info: 6.8.0-45-generic (x64); what it can do could not be tried; fix: null
      memlock info: unlimited; whether io_uring's rings count could not be tried; fix: null
      congestion info: unknown; that of the host is unknown; fix: null
      hardware-counters info: not probed; cc could not compile epoll; fix: null
      ffi problem: not measured; cc could not compile epoll; fix: null
      results-folder problem: ./results, 80 GiB free, not writable; runs cannot be stored there; fix: iomodels-bench run --results ~/iomodels-results
      cache-folder problem: /home/me/.cache/iomodels-bench, 80 GiB free, not writable; compiled helpers cannot be kept there; fix: export XDG_CACHE_HOME=/var/tmp/cache
      -- a disk that is nearly full
      results-folder warning: ./results, 19.1 MiB free; a run that fills the disk ends there; what it stored until then stays; fix: iomodels-bench run --results ~/iomodels-results
      cache-folder warning: /home/me/.cache/iomodels-bench, 19.1 MiB free; compiling fails when the disk is full; fix: export XDG_CACHE_HOME=/var/tmp/cache
      -- nothing that can be read
      cpus ok: unknown model, 4 of 16 CPUs usable; server and client get a CPU each, the rest is left to others; fix: null
      smt ok: unknown; 4 usable CPUs on 4 cores; no two usable CPUs share a core, as far as this kernel is told; fix: null
      governor info: not visible; the hypervisor or the firmware sets the clock rate; changes of it show as differences between blocks; fix: null
      fd-limit info: could not be read; the largest workload needs 10,064; fix: null
      threads info: could not be read; models with a thread per connection need many; fix: null
      signals info: could not be read; bounds the requests of posix-aio; fix: null
      memlock ok: could not be read; io_uring's rings do not count as locked memory here; fix: null
      aio info: could not be read; this kernel may have no native AIO; fix: null
      ports info: could not be read; bounds the connections from one address; fix: null
      backlog info: could not be read; bounds how many connections may wait to be accepted; fix: null
      perf info: this kernel has no perf events; not needed to measure, only to check the counts with perf by hand; fix: null
      clocksource info: unknown; see what the timer costs, below; fix: null
      quiet info: steal unknown, CPU pressure unknown, load unknown on 16 CPUs; what else runs cannot be told; fix: null
      results-folder info: could not be read; not looked at; fix: null
      cache-folder info: could not be read; not looked at; fix: null"
    `);
  });
});
