import { createHmac } from 'node:crypto';
import { type Host, linuxHost } from './host.ts';

/** Makes the id one of this tool: machine-id(5) asks not to show the machine's own to anybody. */
const APPLICATION = 'iomodels-bench host id';
const ID_DIGITS = 12;

/**
 * What tells this host from others, the same after a reboot and under another kernel: the name that it
 * was given for this tool, else the hash of its machine-id, else its host name, as in most containers.
 * Null where it has none.
 */
export function readHostId(host: Host): string | null {
  if (host.givenName !== null) return plain(host.givenName);
  const machine = host.readText('/etc/machine-id')?.trim();
  if (machine && /^[0-9a-f]{32}$/.test(machine))
    return createHmac('sha256', machine).update(APPLICATION).digest('hex').slice(0, ID_DIGITS);
  return plain(host.readText('/proc/sys/kernel/hostname') ?? '');
}

/** Whatever a name may hold, an id is a folder's name. */
function plain(name: string): string | null {
  return (
    name
      .trim()
      .replaceAll(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '') || null
  );
}

/** A host, null where nothing tells it from others, and the kernel that it has now. */
export interface HostPlace {
  readonly host: string | null;
  /** `uname -r`. */
  readonly kernel: string;
  /** `uname -v`: two builds of one release differ in it. */
  readonly kernelVersion: string;
}

/** Where this process runs. */
export function readPlace(host: Host = linuxHost()): HostPlace {
  const line = (name: string) => host.readText(`/proc/sys/kernel/${name}`)?.trim() || 'unknown';
  return { host: readHostId(host), kernel: line('osrelease'), kernelVersion: line('version') };
}
