import { readdir, readFile, readlink } from 'node:fs/promises';
import { BYTES_PER_KIB, NS_PER_MS } from '../../util/units.ts';

/** Threads of a process. */
export async function countThreads(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/task`)).length;
}

/** Open descriptors of a process, those in the tables of its rings included. */
export async function countFds(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length + (await countDirectFds(pid));
}

/** Direct descriptors: the places in use that the rings of a process show in their fdinfo. */
export async function countDirectFds(pid: number): Promise<number> {
  let sum = 0;
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    if (!target.includes('[io_uring]')) continue;
    const info = await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
    const files = /^UserFiles:.*\n((?: *\d+: .*\n)*)/m.exec(info)?.[1] ?? '';
    sum += files.split('\n').filter((line) => line !== '' && !line.endsWith('<none>')).length;
  }
  return sum;
}

/** The least number that no open descriptor of a process has, nor a higher one. */
export async function fdsEnd(pid: number): Promise<number> {
  return Math.max(...(await readdir(`/proc/${pid}/fd`)).map(Number)) + 1;
}

/** A server and, where it serves by them, its children. */
export async function processesOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return [pid, ...children.split(' ').filter(Boolean).map(Number)];
}

/** Whether all tasks of a process are stopped by a signal, the threads that the kernel has made for it as well. */
export function isStopped(pid: number): Promise<boolean> {
  // A child that has ended runs no more either; it may stay until the parent goes on.
  return areTasksIn(pid, 'TZX');
}

/** Whether all tasks of a process sleep: none runs, or would if it had a CPU. */
export function areTasksAsleep(pid: number): Promise<boolean> {
  return areTasksIn(pid, 'S');
}

/** Whether each task of a process is in one of the states of proc(5). */
async function areTasksIn(pid: number, states: string): Promise<boolean> {
  const folder = `/proc/${pid}/task`;
  // A child may have ended since it was listed.
  for (const task of await readdir(folder).catch(() => [])) {
    const stat = await readFile(`${folder}/${task}/stat`, 'utf8').catch(() => ''); // it may have ended
    if (stat !== '' && !states.includes(stat.charAt(stat.lastIndexOf(')') + 2))) return false;
  }
  return true;
}

/** CPU time of all tasks of a process, in nanoseconds: utime and stime of proc(5), in ticks of 10 ms. */
export async function readCpuNs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10 * NS_PER_MS;
}

/** Resident memory of a server, pages that its processes share in each of them; a child that has ended has none. */
export async function readRssBytes(pid: number): Promise<number> {
  const each = await Promise.all(
    (await processesOf(pid)).map((one) => (one === pid ? rssBytesOf(one) : rssBytesOf(one).catch(() => 0))),
  );
  return each.reduce((a, b) => a + b, 0);
}

/** VmRSS of proc(5). */
async function rssBytesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status names no VmRSS`);
  return Number(kib) * BYTES_PER_KIB;
}
