import { parseCpuList } from '../config/cpus.ts';
import { type Host, linuxHost } from '../host/host.ts';
import { readHostId } from '../host/host-id.ts';
import type { Environment } from '../results/schema.ts';
import { BYTES_PER_KIB } from '../util/units.ts';
import { cpuQuota } from './cgroup.ts';
import { allowedList, describeTopology } from './topology.ts';

/** A limit that is not one; the largest integer that JSON keeps exact. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

const CPU_FOLDER = '/sys/devices/system/cpu';

/** Settings of the kernel that move the numbers, or decide what can run at all. */
const SYSCTLS = [
  'fs.aio-max-nr',
  'fs.file-max',
  'fs.nr_open',
  'kernel.io_uring_disabled',
  'kernel.io_uring_group',
  'kernel.numa_balancing',
  'kernel.perf_event_paranoid',
  'kernel.pid_max',
  'kernel.sched_autogroup_enabled',
  'kernel.threads-max',
  'net.core.busy_poll',
  'net.core.busy_read',
  'net.core.netdev_max_backlog',
  'net.core.rmem_max',
  'net.core.somaxconn',
  'net.core.wmem_max',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_allowed_congestion_control',
  'net.ipv4.tcp_congestion_control',
  'net.ipv4.tcp_max_syn_backlog',
  'net.ipv4.tcp_max_tw_buckets',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_tw_reuse',
  'net.ipv4.tcp_wmem',
  'vm.max_map_count',
  'vm.overcommit_memory',
] as const;

/**
 * What a number must be judged against later. Never throws: what cannot be read is null, or is
 * missing from its record. Limits are those that a server meets: nofile the hard one, because servers
 * raise theirs to it; the others the soft ones; `UNLIMITED` where there is none.
 */
export function readEnvironment(host: Host = linuxHost()): Environment {
  const cpuinfo = host.readText('/proc/cpuinfo') ?? '';
  return {
    host: readHostId(host),
    kernel: line(host, '/proc/sys/kernel/osrelease') ?? 'unknown',
    kernelVersion: line(host, '/proc/sys/kernel/version') ?? 'unknown',
    bootId: line(host, '/proc/sys/kernel/random/boot_id'),
    arch: host.arch,
    cpuModel: cpuModel(cpuinfo),
    cpus: cpuCount(host, cpuinfo),
    cpusAllowed: allowedList(host),
    topology: describeTopology(host),
    governor: governor(host),
    smt: line(host, `${CPU_FOLDER}/smt/control`),
    mitigations: mitigations(host),
    clocksource: line(host, '/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    hypervisor: hypervisor(host, cpuinfo),
    container: container(host),
    memoryBytes: memoryBytes(host),
    limits: limits(host),
    sysctls: sysctls(host),
    versions: { ...host.versions },
    user: isPrivileged(host) ? 'root' : 'normal',
    ...bootSettings(host, cpuinfo),
    cpuQuota: cpuQuota(host),
    guest: null,
  };
}

/** User 0 of a container may have no more rights than anybody: CAP_SYS_ADMIN, bit 21, makes the difference. */
function isPrivileged(host: Host): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(host.readText('/proc/self/status') ?? '')?.[1];
  return host.uid === 0 && mask !== undefined && ((BigInt(`0x${mask}`) >> 21n) & 1n) === 1n;
}

/** What may differ between two boots of one machine and moves the numbers. */
function bootSettings(host: Host, cpuinfo: string) {
  const config = host.kernelConfig();
  return {
    kernelCommandLine: line(host, '/proc/cmdline'),
    preemption: preemption(host, config),
    isolatedCpus: host.readText(`${CPU_FOLDER}/isolated`)?.trim() ?? null,
    turbo: turbo(host),
    microcode: /^microcode\s*:\s*(\S+)/m.exec(cpuinfo)?.[1] ?? null,
    irqTimeAccounting: config === null ? null : /^CONFIG_IRQ_TIME_ACCOUNTING=y$/m.test(config),
  };
}

/**
 * The model in force, where the kernel shows it; else as it was booted or built. Dynamic kernels show it
 * in debugfs only (kernel/sched/debug.c), the active one in parentheses.
 */
function preemption(host: Host, config: string | null): string | null {
  const shown = /\((\w+)\)/.exec(host.readText('/sys/kernel/debug/sched/preempt') ?? '')?.[1];
  if (shown) return shown;
  const version = host.readText('/proc/sys/kernel/version') ?? '';
  if (/\bPREEMPT_RT\b/.test(version)) return 'rt';
  const asked = /(?:^|\s)preempt=(\w+)/.exec(host.readText('/proc/cmdline') ?? '')?.[1];
  if (asked) return asked;
  const built = /^CONFIG_PREEMPT_(NONE|VOLUNTARY|LAZY)=y$/m.exec(config ?? '')?.[1]?.toLowerCase();
  if (built) return built;
  if (/^CONFIG_PREEMPT=y$/m.test(config ?? '')) return 'full';
  // Without its configuration: a fixed model is named by the version, a dynamic one may be any.
  return /\bPREEMPT(?!_DYNAMIC)\b/.test(version) ? 'full' : null;
}

function turbo(host: Host): 'on' | 'off' | null {
  const disabled = line(host, `${CPU_FOLDER}/intel_pstate/no_turbo`);
  if (disabled !== null) return disabled === '0' ? 'on' : 'off';
  const boost = line(host, `${CPU_FOLDER}/cpufreq/boost`);
  return boost === null ? null : boost === '1' ? 'on' : 'off';
}

/** The one line of a file, without white space around it; null where it is empty or missing. */
function line(host: Host, path: string): string | null {
  return host.readText(path)?.trim() || null;
}

/** x86 and most others name the model; arm64 has numbers only. */
function cpuModel(cpuinfo: string): string | null {
  const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(\\S.*)$`, 'm').exec(cpuinfo)?.[1]?.trim();
  const name = field('model name') ?? field('cpu model') ?? field('cpu');
  if (name) return name;
  const implementer = field('CPU implementer');
  const part = field('CPU part');
  return implementer && part ? `CPU implementer ${implementer}, part ${part}` : null;
}

function cpuCount(host: Host, cpuinfo: string): number {
  const online = parseCpuList(line(host, `${CPU_FOLDER}/online`) ?? '');
  return online?.length ?? cpuinfo.match(/^processor\s*:/gm)?.length ?? 0;
}

/** One word where all CPUs agree, else all that are in use. */
function governor(host: Host): string | null {
  const names = host
    .listNames(CPU_FOLDER)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((cpu) => line(host, `${CPU_FOLDER}/${cpu}/cpufreq/scaling_governor`))
    .filter((name) => name !== null);
  return names.length > 0 ? [...new Set(names)].sort().join(', ') : null;
}

function mitigations(host: Host): Record<string, string> {
  const folder = `${CPU_FOLDER}/vulnerabilities`;
  return Object.fromEntries(
    host.listNames(folder).flatMap((name) => {
      const state = line(host, `${folder}/${name}`);
      return state ? [[name, state]] : [];
    }),
  );
}

/** Makers of virtual machines, as their firmware (DMI) names them. */
const VIRTUAL_VENDORS =
  /QEMU|KVM|VMware|VirtualBox|innotek|Xen|Parallels|Bochs|OpenStack|Amazon EC2|Google|Microsoft|Alibaba|DigitalOcean|Hetzner/i;

/**
 * The name of the hypervisor below, null without one. x86 tells by a CPU flag (CPUID leaf 1, ECX bit
 * 31); other architectures leave only the names in the firmware.
 */
function hypervisor(host: Host, cpuinfo: string): string | null {
  const xen = line(host, '/sys/hypervisor/type');
  if (xen) return xen;
  const vendor = line(host, '/sys/class/dmi/id/sys_vendor');
  const product = line(host, '/sys/class/dmi/id/product_name');
  const dmi = [vendor, product].filter((name) => name !== null).join(' ');
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1];
  if (flags !== undefined) {
    if (!/\bhypervisor\b/.test(flags)) return null;
    return dmi || hypervisorOfClock(host) || 'unnamed';
  }
  const deviceTree = host.readText('/proc/device-tree/hypervisor/compatible');
  if (deviceTree) return deviceTree.replaceAll('\0', ' ').trim();
  return VIRTUAL_VENDORS.test(dmi) && !/\.metal/.test(dmi) ? dmi : null;
}

function hypervisorOfClock(host: Host): string | null {
  const clocks = line(host, '/sys/devices/system/clocksource/clocksource0/available_clocksource') ?? '';
  if (clocks.includes('kvm-clock')) return 'KVM';
  if (clocks.includes('hyperv')) return 'Hyper-V';
  return clocks.includes('xen') ? 'xen' : null;
}

/** The engine around this process, null outside of any; by the marks that engines leave. */
function container(host: Host): string | null {
  const podman = host.readText('/run/.containerenv');
  if (podman !== null) return /^engine="([a-z]+)/m.exec(podman)?.[1] ?? 'podman';
  if (host.listNames('/run/secrets/kubernetes.io').length > 0) return 'kubernetes';
  if (host.readText('/.dockerenv') !== null) return 'docker';
  const told = line(host, '/run/systemd/container');
  if (told) return told;
  const init = /(?:^|\0)container=([^\0]+)/.exec(host.readText('/proc/1/environ') ?? '')?.[1];
  if (init) return init;
  const cgroup = /kubepods|docker|libpod|lxc|containerd/.exec(host.readText('/proc/self/cgroup') ?? '')?.[0];
  return cgroup ?? null;
}

function memoryBytes(host: Host): number {
  const kib = /^MemTotal:\s*(\d+) kB/m.exec(host.readText('/proc/meminfo') ?? '')?.[1];
  return Number(kib ?? 0) * BYTES_PER_KIB;
}

function limits(host: Host): Environment['limits'] {
  return {
    nofile: readLimit(host, 'Max open files', 'hard'),
    memlockBytes: readLimit(host, 'Max locked memory', 'soft'),
    nproc: readLimit(host, 'Max processes', 'soft'),
  };
}

/** A row of /proc/self/limits: name, soft limit, hard limit, unit. `UNLIMITED` where it says so. */
export function readLimit(host: Host, name: string, kind: 'soft' | 'hard'): number | null {
  const text = host.readText('/proc/self/limits') ?? '';
  const row = new RegExp(`^${name}\\s+(\\S+)\\s+(\\S+)`, 'm').exec(text);
  const value = kind === 'soft' ? row?.[1] : row?.[2];
  if (value === 'unlimited') return UNLIMITED;
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), UNLIMITED) : null;
}

function sysctls(host: Host): Record<string, string> {
  return Object.fromEntries(
    SYSCTLS.flatMap((name) => {
      const value = line(host, `/proc/sys/${name.replaceAll('.', '/')}`);
      return value === null ? [] : [[name, value.replace(/\s+/g, ' ')]];
    }),
  );
}
