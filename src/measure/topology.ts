import { readFile } from 'node:fs/promises';
import { type CpuTopology, parseCpuList } from '../config/cpus.ts';
import { EnvironmentError } from '../util/errors.ts';

/** CPUs that this process may run on, and which of them share a core. */
export async function readTopology(): Promise<CpuTopology> {
  const status = await readFile('/proc/self/status', 'utf8');
  const list = allowedList(status);
  const allowed = list === null ? null : parseCpuList(list);
  if (!allowed) throw new EnvironmentError('/proc/self/status does not tell which CPUs this process may use');
  const siblings = new Map<number, readonly number[]>();
  for (const cpu of allowed) siblings.set(cpu, (await readSiblings(cpu)) ?? [cpu]);
  return { allowed, siblings };
}

/** The CPUs that a process may run on, as /proc/<pid>/status lists them: `0-3,8`. */
export function allowedList(status: string): string | null {
  return /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? null;
}

async function readSiblings(cpu: number): Promise<number[] | null> {
  const path = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
  return parseCpuList(await readFile(path, 'utf8').catch(() => ''));
}
