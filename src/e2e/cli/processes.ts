import { readdirSync, readFileSync } from 'node:fs';
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
