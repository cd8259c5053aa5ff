import { readdir, readFile } from 'node:fs/promises';
import { BYTES_PER_KIB } from '../../util/units.ts';

/** Open descriptors of a process. */
export async function countFds(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** Resident memory of a process: VmRSS of proc(5). */
export async function readRssBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status names no VmRSS`);
  return Number(kib) * BYTES_PER_KIB;
}
