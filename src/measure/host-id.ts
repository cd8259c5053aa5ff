import { createHmac } from 'node:crypto';
import type { Host } from './host.ts';

/** Makes the id one of this tool: machine-id(5) asks not to show the machine's own to anybody. */
const APPLICATION = 'iomodels-bench host id';
const ID_DIGITS = 12;

/**
 * What tells this host from others, the same after a reboot and under another kernel: the hash of its
 * machine-id, or its name where it has none, as in most containers. Null where it has neither.
 */
export function readHostId(host: Host): string | null {
  const machine = host.readText('/etc/machine-id')?.trim();
  if (machine && /^[0-9a-f]{32}$/.test(machine))
    return createHmac('sha256', machine).update(APPLICATION).digest('hex').slice(0, ID_DIGITS);
  const name = host.readText('/proc/sys/kernel/hostname')?.trim().toLowerCase();
  // Whatever a name may hold, an id is a folder's name.
  return name?.replaceAll(/[^a-z0-9._-]/g, '-').replace(/^[^a-z0-9]+/, '') || null;
}
