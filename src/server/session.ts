import { readdirSync, readFileSync } from 'node:fs';
import { codeOf } from '../util/errors.ts';

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
