import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCacheFolder } from '../build/cache-folder.ts';
import { cacheDir } from '../build/compile.ts';
import { readKernelImage } from '../place/guest/kernel-image.ts';
import { probeQemu, type Qemu, storedQemuPath } from '../place/guest/qemu.ts';
import { codeOf, EnvironmentError, messageOf, UsageError } from '../util/errors.ts';
import { Apt, packageOfDeb, unpackDeb } from './apt.ts';
import { resolveKernel } from './resolve.ts';
import type { Kernel, Origin } from './schema.ts';
import { kernelStore, ORIGIN_FILE, STORED_IMAGE, storedKernelFolder } from './store.ts';

/** The suite whose QEMU is fetched: Debian 13, with QEMU 10. */
const QEMU_SUITE = 'trixie';
const QEMU_PACKAGE = 'qemu-system-x86';
/** The package of the newest kernel for virtual machines. */
const CLOUD_KERNEL = 'linux-image-cloud-amd64';
/** Where a release is looked for, by what it begins with; then in all the others. */
const SUITES_OF: readonly { readonly pattern: RegExp; readonly suites: readonly string[] }[] = [
  { pattern: /^5\.10\./, suites: ['bullseye', 'bullseye-security'] },
  { pattern: /deb11/, suites: ['bullseye', 'bullseye-security', 'bullseye-backports'] },
  { pattern: /^6\.1\./, suites: ['bookworm', 'bookworm-security'] },
  { pattern: /deb12/, suites: ['bookworm', 'bookworm-security', 'bookworm-backports'] },
  { pattern: /^6\.12\..*deb13/, suites: ['trixie', 'trixie-security', 'trixie-proposed-updates'] },
  { pattern: /deb13/, suites: ['trixie-backports', 'trixie', 'trixie-security'] },
  { pattern: /./, suites: ['sid', 'forky', 'experimental', 'trixie-backports', 'bookworm-backports'] },
];
const SUITE =
  /^(?:(?:bullseye|bookworm|trixie|forky|duke|oldoldstable|oldstable|stable|testing)(?:-(?:backports|security|updates|proposed-updates))?|sid|unstable|experimental)$/;
const RELEASE = /^\d+\.\d+[\w.+~-]*-(?:cloud-)?amd64$/;

export interface FetchOptions {
  readonly allowUnsigned?: boolean;
  readonly cacheFolder?: string;
  readonly signal: AbortSignal;
  /** Called with what is done now, for people. */
  readonly onStep?: (step: string) => void;
}

export interface Fetched<T> {
  readonly found: T;
  /** False: it was in the store already. */
  readonly isNew: boolean;
  readonly origin: Origin | null;
}

/**
 * QEMU of Debian 13 in the tool's store, fetched where it is not there yet; nothing is installed. Throws
 * `EnvironmentError`, and leaves nothing then.
 */
export async function getQemu(options: FetchOptions): Promise<Fetched<Qemu>> {
  const { cacheFolder = cacheDir(), signal } = options;
  const path = storedQemuPath(cacheFolder);
  if (await isThere(path)) return { found: await probeQemu(path, signal), isNew: false, origin: null };
  const folder = join(cacheFolder, 'qemu');
  const origin = await intoStore(folder, options, async (partial, scratch) => {
    options.onStep?.(`fetching the list of packages of Debian ${QEMU_SUITE}`);
    const apt = await openSuite(QEMU_SUITE, scratch, options);
    options.onStep?.('downloading QEMU and its libraries');
    const debs = await apt.downloadWithAll(QEMU_PACKAGE);
    options.onStep?.(`unpacking ${debs.length} packages`);
    for (const deb of debs) await unpackDeb(deb, join(partial, 'root'), signal);
    await writeFile(join(partial, 'qemu-system-x86_64'), QEMU_WRAPPER);
    await chmod(join(partial, 'qemu-system-x86_64'), 0o755);
    await probeQemu(join(partial, 'qemu-system-x86_64'), signal);
    const qemu = debs.filter((deb) => deb.includes('/qemu-system-'));
    const packages = await Promise.all(qemu.map((deb) => packageOfDeb(deb, signal)));
    return { asked: 'qemu', packages, signed: apt.signed };
  });
  return { found: await probeQemu(path, signal), isNew: true, origin };
}

/** With the loader and the libraries it was built for, wherever the folder lies. */
const QEMU_WRAPPER = `#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/root
libs=$root/usr/lib/x86_64-linux-gnu
exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$libs:$libs/blas:$libs/pulseaudio" \\
  "$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
`;

/**
 * Debian's kernel in the tool's store: the newest one for virtual machines of a suite (`trixie`,
 * `trixie-backports`, `sid`), or an exact release (`6.18.15+deb13-cloud-amd64`) from whichever suite serves it.
 * Throws `UsageError` where there is no such thing, `EnvironmentError` where it cannot be had; leaves nothing then.
 */
export async function getDebianKernel(what: string, options: FetchOptions): Promise<Fetched<Kernel>> {
  const { cacheFolder = cacheDir(), signal } = options;
  const isSuite = SUITE.test(what);
  if (!isSuite && !RELEASE.test(what))
    throw new UsageError(
      `debian:${what} is neither a suite (bookworm, trixie, trixie-backports, sid) nor a release such as 6.18.15+deb13-cloud-amd64`,
    );
  if (!isSuite && (await isThere(join(storedKernelFolder(what, cacheFolder), STORED_IMAGE))))
    return stored(what, cacheFolder, null);
  return inScratch(cacheFolder, async (scratch) => {
    const { apt, release } = isSuite
      ? await newestOf(what, scratch, options)
      : await suiteWith(what, scratch, options);
    const folder = storedKernelFolder(release, cacheFolder);
    if (await isThere(join(folder, STORED_IMAGE))) return stored(release, cacheFolder, null);
    const origin = await intoStore(folder, options, async (partial) => {
      const asked = `debian:${what}`;
      options.onStep?.(`downloading ${release} of ${apt.suite}`);
      const packages = await takeImage({ apt, release, partial, scratch, signal });
      return { asked, packages, signed: apt.signed };
    });
    return stored(release, cacheFolder, origin);
  });
}

async function stored(release: string, cacheFolder: string, origin: Origin | null): Promise<Fetched<Kernel>> {
  const path = join(storedKernelFolder(release, cacheFolder), STORED_IMAGE);
  const kernel = await resolveKernel(path, { cacheFolder });
  return { found: { ...kernel, source: 'store' }, isNew: origin !== null, origin };
}

interface Found {
  readonly apt: Apt;
  readonly release: string;
}

async function newestOf(suite: string, scratch: string, options: FetchOptions): Promise<Found> {
  options.onStep?.(`fetching the list of packages of Debian ${suite}`);
  const apt = await openSuite(suite, scratch, options);
  const names = await apt.names('linux-image-');
  if (names.includes(CLOUD_KERNEL))
    for (const name of await apt.dependsOf(CLOUD_KERNEL)) {
      const release = /^linux-image-(.+-cloud-amd64)$/.exec(name)?.[1];
      if (release !== undefined) return { apt, release };
    }
  throw new UsageError(`debian:${suite} has no kernel for virtual machines (${CLOUD_KERNEL})`);
}

async function suiteWith(release: string, scratch: string, options: FetchOptions): Promise<Found> {
  const suites = SUITES_OF.filter(({ pattern }) => pattern.test(release)).flatMap(({ suites: all }) => all);
  const others: string[] = [];
  const unreachable: string[] = [];
  for (const suite of new Set(suites)) {
    options.onStep?.(`looking for ${release} in ${suite}`);
    let apt: Apt;
    try {
      apt = await openSuite(suite, scratch, options);
    } catch (error) {
      // Not every suite has every neighbour, and an old one moves away.
      if (!(error instanceof EnvironmentError)) throw error;
      unreachable.push(`${suite}: ${messageOf(error)}`);
      continue;
    }
    const names = await apt.names('linux-image-');
    if (names.includes(`linux-image-${release}`)) return { apt, release };
    const images = names.filter((name) => /^linux-image-\d.*-cloud-amd64$/.test(name));
    others.push(...images.map((name) => `  ${suite} has ${name.replace('linux-image-', '')}`));
  }
  if (unreachable.length > 0 && others.length === 0) throw new EnvironmentError(unreachable.join('\n'));
  throw new UsageError([
    `debian:${release}: Debian serves no such kernel any more, or never did`,
    ...[...new Set(others)].slice(0, 12),
    ...unreachable.map((why) => `  ${why}`),
  ]);
}

/**
 * Up to 6.18 the image lies in linux-image-*; later that only depends on linux-binary-*, and the image may lie
 * there or in linux-modules-*, in /boot or below /usr/lib/modules.
 */
async function takeImage(take: {
  readonly apt: Apt;
  readonly release: string;
  readonly partial: string;
  readonly scratch: string;
  readonly signal: AbortSignal;
}): Promise<string[]> {
  const { apt, release, partial, scratch, signal } = take;
  const names = new Set(await apt.names('linux-'));
  const taken: string[] = [];
  for (const kind of ['linux-binary', 'linux-modules', 'linux-image']) {
    if (!names.has(`${kind}-${release}`)) continue;
    const debs = await mkdtemp(join(scratch, 'debs-'));
    const tree = await mkdtemp(join(scratch, 'tree-'));
    for (const deb of await apt.download([`${kind}-${release}`], debs)) {
      await unpackDeb(deb, tree, signal);
      taken.push(await packageOfDeb(deb, signal));
    }
    const image = await imageIn(tree, release);
    if (image !== null) {
      const found = await readKernelImage(image);
      if (found.release !== release)
        throw new EnvironmentError(`the package of ${release} holds the kernel ${found.release}`);
      await rename(image, join(partial, STORED_IMAGE));
      await chmod(join(partial, STORED_IMAGE), 0o644);
      const config = join(tree, 'boot', `config-${release}`);
      if (await isThere(config)) await rename(config, join(partial, 'config'));
      return taken;
    }
    await rm(tree, { recursive: true, force: true });
  }
  throw new EnvironmentError(
    `there is no kernel image in the packages of ${release} (${taken.join(', ') || 'none was found'})`,
  );
}

async function imageIn(tree: string, release: string): Promise<string | null> {
  const places = [
    join(tree, 'boot', `vmlinuz-${release}`),
    join(tree, 'usr/lib/modules', release, 'vmlinuz'),
    join(tree, 'lib/modules', release, 'vmlinuz'),
  ];
  for (const path of places) if (await isThere(path)) return path;
  return null;
}

function openSuite(suite: string, scratch: string, options: FetchOptions): Promise<Apt> {
  const { allowUnsigned = false, signal } = options;
  return Apt.open(suite, { folder: scratch, allowUnsigned, signal });
}

/**
 * Makes a folder of the store by `fill`, which is given the folder to be, and one for what is needed meanwhile.
 * It appears as a whole or not at all.
 */
async function intoStore(
  folder: string,
  { cacheFolder = cacheDir(), signal }: FetchOptions,
  fill: (partial: string, scratch: string) => Promise<Origin>,
): Promise<Origin> {
  return inScratch(cacheFolder, async (scratch) => {
    const partial = join(scratch, 'partial');
    await mkdir(partial, 0o755);
    const origin = await fill(partial, scratch);
    await writeFile(join(partial, ORIGIN_FILE), `${JSON.stringify(origin, null, 1)}\n`);
    signal.throwIfAborted();
    await openCacheFolder(kernelStore(cacheFolder));
    // What stands there is no whole one, or it had been taken.
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
    return origin;
  });
}

const SCRATCH = '.fetch-';

/** A folder in the cache, on the disk of the store, that is gone afterwards whatever happens. */
async function inScratch<T>(cacheFolder: string, work: (scratch: string) => Promise<T>): Promise<T> {
  await openCacheFolder(cacheFolder);
  await removeLeftovers(cacheFolder);
  const scratch = await mkdtemp(join(cacheFolder, `${SCRATCH}${process.pid}-`));
  try {
    return await work(scratch);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new EnvironmentError(
      `the disk of ${cacheFolder} is full. Make room, or set XDG_CACHE_HOME to a folder on another one`,
      { cause: error },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Of a tool that was killed while it fetched. */
async function removeLeftovers(cacheFolder: string): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    const pid = new RegExp(`^\\${SCRATCH}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !(await isTool(pid)))
      await rm(join(cacheFolder, name), { recursive: true, force: true });
  }
}

async function isTool(pid: string): Promise<boolean> {
  return readFile(`/proc/${pid}/comm`).then(
    () => true,
    () => false,
  );
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.size > 0,
    () => false,
  );
}
