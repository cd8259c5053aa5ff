import { MODELS } from '../../models/registry.ts';
import type { Environment, Support } from '../../results/schema.ts';
import type { Workload } from '../../workloads/schema.ts';
import { UNLIMITED } from '../environment.ts';
import type { Facts } from './facts.ts';

/** A machine on which there is nothing to complain about. */
export const GOOD_ENVIRONMENT: Environment = {
  host: '1a2b3c4d5e6f',
  kernel: '6.8.0-45-generic',
  kernelVersion: '#45 SMP',
  arch: 'x64',
  cpuModel: 'AMD Ryzen 9 7950X',
  cpus: 16,
  cpusAllowed: '0-15',
  governor: 'performance',
  smt: 'off',
  mitigations: { spectre_v2: 'Mitigation: Retpolines', meltdown: 'Not affected', mds: 'Vulnerable' },
  clocksource: 'tsc',
  hypervisor: null,
  container: null,
  memoryBytes: 64 * 1024 ** 3,
  limits: { nofile: 1_048_576, memlockBytes: UNLIMITED, nproc: 200_000 },
  sysctls: {
    'fs.aio-max-nr': '1048576',
    'fs.nr_open': '1048576',
    'kernel.io_uring_disabled': '0',
    'kernel.perf_event_paranoid': '1',
    'kernel.pid_max': '4194304',
    'kernel.threads-max': '200000',
    'net.core.somaxconn': '4096',
    'net.ipv4.ip_local_port_range': '1024 65535',
    'vm.max_map_count': '1048576',
  },
  versions: { node: '20.0.0', glibc: '2.39' },
  user: 'normal',
};

const SMALL: Workload = {
  id: 'small',
  title: 'small',
  description: 'a hundred connections',
  profile: 'default',
  mode: 'closed',
  connections: 100,
  active: 100,
  depth: 1,
  messageBytes: 64,
};

/** Every model supported, with a change for those that `without` gives a reason for. */
export function supportOf(without: Readonly<Record<string, string>> = {}): Support[] {
  return MODELS.map(({ id }) => {
    const reason = without[id] ?? null;
    return { model: id, supported: reason === null, reason, features: [] };
  });
}

export const GOOD_FACTS: Facts = {
  environment: GOOD_ENVIRONMENT,
  topology: { allowed: [0, 1, 2, 3], siblings: new Map([0, 1, 2, 3].map((cpu) => [cpu, [cpu]])) },
  workloads: [SMALL, { ...SMALL, id: 'large', connections: 10_000 }],
  compiler: { status: 'found', command: 'cc', version: 'gcc 13.2.0' },
  helpers: { status: 'ready', support: supportOf(), ffi: { p50Ns: 40, p99Ns: 60 } },
  distributions: ['ubuntu', 'debian'],
  capabilities: [],
  seccompFilter: false,
  cpuQuota: null,
  pidsMax: null,
  sigpending: 200_000,
  aioReserved: 0,
  clocksources: ['tsc', 'hpet'],
  timer: { p50Ns: 30, p99Ns: 50, stepNs: 20 },
  stealShare: 0,
  cpuPressureShare: 0.001,
  loadAverage: 0.2,
  folders: [
    { use: 'results', path: './results', freeBytes: 80 * 1024 ** 3, writable: true },
    { use: 'cache', path: '/home/me/.cache/iomodels-bench', freeBytes: 80 * 1024 ** 3, writable: true },
  ],
};
