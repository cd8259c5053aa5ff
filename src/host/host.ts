import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** What the readers of this folder ask the host for; tests answer from fixtures. */
export interface Host {
  /** The text of a file of /proc, /sys or the like; null where it is missing or may not be read. */
  readText(path: string): string | null;
  /** The build configuration of the running kernel, `CONFIG_...=...` by line; null where it is not kept. */
  kernelConfig(): string | null;
  /** The names in a directory; none where it is missing or may not be read. */
  listNames(directory: string): readonly string[];
  /** As Node calls it, e.g. `x64`. */
  readonly arch: string;
  readonly uid: number | null;
  /** What the user calls it, for hosts that are set up anew each time; null: not told. */
  readonly givenName: string | null;
  /** Of what runs this program: `node`, and `glibc` where that is the C library. */
  readonly versions: Readonly<Record<string, string>>;
}

/** The host that this program runs on. */
export function linuxHost(): Host {
  return {
    readText,
    kernelConfig,
    listNames,
    arch: process.arch,
    uid: process.getuid?.() ?? null,
    givenName: process.env.IOMODELS_BENCH_HOST || null,
    versions: versions(),
  };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** From where kernels and distributions keep it. */
function kernelConfig(): string | null {
  try {
    return gunzipSync(readFileSync('/proc/config.gz')).toString('utf8');
  } catch {
    const release = readText('/proc/sys/kernel/osrelease')?.trim();
    return readText(`/boot/config-${release}`) ?? readText(`/lib/modules/${release}/config`);
  }
}

function listNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function versions(): Record<string, string> {
  const found: Record<string, string> = { node: process.versions.node };
  const glibc = glibcVersion();
  if (glibc) found.glibc = glibc;
  return found;
}

/** From Node's diagnostic report, which is the only place where Node tells it. */
function glibcVersion(): string | undefined {
  if (!process.report) return undefined;
  // Without it the report resolves the name of every open socket's peer.
  Object.assign(process.report, { excludeNetwork: true });
  const report: unknown = process.report.getReport();
  const header = (report as { header?: { glibcVersionRuntime?: unknown } }).header;
  return typeof header?.glibcVersionRuntime === 'string' ? header.glibcVersionRuntime : undefined;
}
