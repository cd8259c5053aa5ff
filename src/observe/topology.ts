import { type CpuTopology, parseCpuList } from '../config/cpus.ts';
import { type Host, linuxHost } from '../host/host.ts';
import { EnvironmentError } from '../util/errors.ts';

/** CPUs of this host, those that this process runs on, and which of them share a core. */
export function readTopology(host: Host = linuxHost()): CpuTopology {
  const allowed = parseCpuList(allowedList(host) ?? '');
  if (!allowed) throw new EnvironmentError('/proc/self/status does not tell which CPUs this process may use');
  const online = parseCpuList(host.readText('/sys/devices/system/cpu/online') ?? '') ?? allowed;
  const siblings = new Map(online.map((cpu) => [cpu, siblingsOf(host, cpu)]));
  return { allowed, online, siblings, nodes: nodesOf(host) };
}

/** Cores and NUMA nodes as lists of their CPUs, for the record; null where the kernel does not tell. */
export function describeTopology(host: Host): { cores: string[]; nodes: string[] } | null {
  const online = parseCpuList(host.readText('/sys/devices/system/cpu/online') ?? '');
  if (online === null) return null;
  const nodes = nodesOf(host);
  const cpusOf = (node: number) => [...nodes.keys()].filter((cpu) => nodes.get(cpu) === node);
  return {
    cores: [...new Set(online.map((cpu) => siblingsOf(host, cpu).join(',')))],
    nodes: [...new Set(nodes.values())].map((node) => cpusOf(node).join(',')),
  };
}

/** Empty without NUMA. */
function nodesOf(host: Host): Map<number, number> {
  const nodes = parseCpuList(host.readText('/sys/devices/system/node/online') ?? '') ?? [];
  return new Map(
    nodes.flatMap((node) => {
      const cpus = parseCpuList(host.readText(`/sys/devices/system/node/node${node}/cpulist`) ?? '') ?? [];
      return cpus.map((cpu) => [cpu, node] as const);
    }),
  );
}

/** The CPUs that this process may run on, as the kernel lists them: `0-3,8`. */
export function allowedList(host: Host): string | null {
  return /^Cpus_allowed_list:\s*(\S+)/m.exec(host.readText('/proc/self/status') ?? '')?.[1] ?? null;
}

function siblingsOf(host: Host, cpu: number): readonly number[] {
  const path = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
  return parseCpuList(host.readText(path) ?? '') ?? [cpu];
}
