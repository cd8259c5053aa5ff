import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { MODELS } from '../../models/registry.ts';

/** A process, told apart from a later one with the same number by when it started. */
export interface Task {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly startTicks: number;
  /** It has ended and its parent has not asked how. */
  readonly zombie: boolean;
}

/** State of a listening socket in /proc/net/tcp. */
const TCP_LISTEN = '0A';
const PROGRAMS = new Set<string>(MODELS.map((model) => model.program));

/** The processes that a process has started. */
export function childrenOf(pid: number): Task[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readTask(Number(name)) ?? [])
    .filter((task) => task.parent === pid && !task.zombie);
}

/** The servers that the command has started, probes included. */
export function serversOf(pid: number): Task[] {
  return childrenOf(pid).filter((task) => PROGRAMS.has(task.name));
}

export function isAlive(task: Task): boolean {
  const now = readTask(task.pid);
  return now !== null && now.startTicks === task.startTicks && !now.zombie;
}

/** Open descriptors of a task; 0 where it is gone. */
export function countFds(task: Task): number {
  try {
    return readdirSync(`/proc/${task.pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** The port that a process listens on, by the inodes of its descriptors. */
export function listeningPort(task: Task): number {
  const folder = `/proc/${task.pid}/fd`;
  const links = readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const sockets = readFileSync(`/proc/${task.pid}/net/tcp`, 'utf8').split('\n').slice(1);
  for (const socket of sockets) {
    const [, local, , state, , , , , , inode] = socket.trim().split(/\s+/);
    if (state === TCP_LISTEN && inode !== undefined && inodes.has(inode))
      return Number.parseInt(local?.split(':')[1] ?? '', 16);
  }
  throw new Error(`process ${task.pid} does not listen`);
}

/** From /proc/<pid>/stat, see proc(5); null where there is no such process. */
function readTask(pid: number): Task | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The name stands in parentheses and may hold any character.
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')];
  const fields = text.slice(close + 2).split(' ');
  return {
    pid,
    name: text.slice(open + 1, close),
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    parent: Number(fields[1]),
    startTicks: Number(fields[19]),
  };
}
