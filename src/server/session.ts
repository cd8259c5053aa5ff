import { readdirSync, readFileSync } from 'node:fs';
import { codeOf } from '../util/errors.ts';

const KIB = 1024;

/** What the processes of a server come to. */
export interface SessionSize {
  readonly processes: number;
  readonly threads: number;
  /** Their peaks added up: pages that they share count in each. */
  readonly rssMaxBytes: number;
}

/** The processes of the session that `leader` leads, without those that have ended and wait to be collected. */
export function sessionMembers(leader: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    // pid (name) state ppid pgrp session: the name may hold blanks and brackets of its own.
    const stat = read(`/proc/${name}/stat`);
    const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(session) === leader && state !== 'Z' && state !== 'X' ? [Number(name)] : [];
  });
}

/** Null where none of them is left. */
export function sessionSize(leader: number): SessionSize | null {
  const texts = sessionMembers(leader).map((pid) => read(`/proc/${pid}/status`));
  const field = (text: string, name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const sum = (name: string) => texts.reduce((total, text) => total + field(text, name), 0);
  if (texts.length === 0) return null;
  return { processes: texts.length, threads: sum('Threads'), rssMaxBytes: sum('VmHWM') * KIB };
}

/** To a process, or to a group where `pid` is negative. False: there is none, or nothing that may be signalled. */
export function sendSignal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
    return false;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
