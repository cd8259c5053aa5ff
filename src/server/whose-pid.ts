import { readFileSync } from 'node:fs';

/**
 * Whether a pid that a server tells of itself names, here, the server that a command started: its command line is the end
 * of the command's. In a PID namespace of its own a server knows itself by another number, such as 1, which is here
 * whatever process it happens to be; that one must never be signalled.
 */
export function isServerOf(pid: number, command: readonly string[]): boolean {
  const own = commandLineOf(pid);
  return own.length > 0 && own.join('\0') === command.slice(-own.length).join('\0');
}

/** Empty for a process that is gone, or that has none. */
function commandLineOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
