import { readdir, realpath, stat } from 'node:fs/promises';
import { release as osRelease } from 'node:os';
import { join, resolve } from 'node:path';
import { KernelImageError, packageOf, readKernelImage, seriesOf } from '../place/guest/kernel-image.ts';
import { EnvironmentError, UsageError } from '../util/errors.ts';
import type { Kernel, KernelSource } from './schema.ts';
import { readOrigin, STORED_IMAGE, storedKernelFolder, storedReleases } from './store.ts';

export type { Kernel } from './schema.ts';

/** An image that was found and cannot be booted, or not be read. */
export interface KernelProblem {
  readonly path: string;
  readonly why: string;
}

/** Where kernels are looked for; by default this host. */
export interface KernelPlaces {
  /** In front of /boot and /lib/modules. */
  readonly root?: string;
  readonly runningRelease?: string;
  readonly cacheFolder?: string;
}

/**
 * Every kernel of the host's /boot and /lib/modules and of the tool's store, in the order of their versions; an
 * image that lies in several places once.
 */
export async function listKernels(
  places: KernelPlaces = {},
): Promise<{ readonly kernels: readonly Kernel[]; readonly problems: readonly KernelProblem[] }> {
  const kernels = new Map<string, Kernel>();
  const problems: KernelProblem[] = [];
  const candidates = [
    ...(await hostImages(places)).map((path) => ({ path, source: 'host' as const })),
    ...(await storedImages(places)).map((path) => ({ path, source: 'store' as const })),
  ];
  for (const { path, source } of candidates) {
    try {
      const kernel = await kernelAt(path, source, places);
      if (!kernels.has(kernel.release)) kernels.set(kernel.release, kernel);
    } catch (error) {
      if (!(error instanceof KernelImageError)) throw error;
      problems.push({ path, why: error.message });
    }
  }
  const sorted = [...kernels.values()].sort((a, b) => compareReleases(a.release, b.release));
  return { kernels: sorted, problems };
}

/**
 * The kernel that `spec` names: the path of a vmlinuz, a folder that holds one, `host` for the running kernel, or
 * a release of `listKernels`, or as much of one as only one begins with (`6.12` does not begin `6.1`). Throws
 * `UsageError` where nothing or more than one is named, `EnvironmentError` where it cannot be read or booted.
 */
export async function resolveKernel(spec: string, places: KernelPlaces = {}): Promise<Kernel> {
  if (spec.trim() === '') throw new UsageError('an empty name names nothing');
  if (spec === 'host') return runningKernel(places);
  const found = await stat(spec).catch(() => null);
  if (found?.isFile()) return kernelAt(resolve(spec), 'path', places);
  if (found?.isDirectory()) return kernelAt(await imageInFolder(resolve(spec)), 'path', places);
  if (found !== null) throw new UsageError(`kernel ${spec}: is neither a file nor a folder`);
  if (spec.includes('/')) throw new UsageError(`kernel ${spec}: there is no such file or folder`);
  if (spec.startsWith('debian:'))
    throw new UsageError(
      `kernel ${spec}: fetch it by iomodels-bench kernels get ${spec}, then name the release that it prints`,
    );
  return named(spec, places);
}

async function named(spec: string, places: KernelPlaces): Promise<Kernel> {
  const { kernels, problems } = await listKernels(places);
  const exact = kernels.find(({ release }) => release === spec);
  if (exact) return exact;
  const matching = kernels.filter(({ release }) => beginsWith(release, spec));
  const [only] = matching;
  if (only && matching.length === 1) return only;
  const releases = (matching.length > 0 ? matching : kernels).map(({ release }) => `  ${release}`);
  const broken = problems.filter(({ path }) => path.includes(spec)).map(({ why }) => `  ${why}`);
  throw new UsageError(
    matching.length > 0
      ? [`kernel ${spec}: ${matching.length} kernels begin with it, name one of them:`, ...releases]
      : [
          `kernel ${spec}: no kernel begins with it${releases.length > 0 ? '; there are:' : ', and none was found on this host'}`,
          ...releases,
          ...broken,
          '  iomodels-bench kernels get debian:<suite or release> fetches one',
        ],
  );
}

/** At the end of a number only, or `6.1` would begin `6.12`. */
function beginsWith(release: string, prefix: string): boolean {
  return release.startsWith(prefix) && !/^\d/.test(/\d$/.test(prefix) ? release.slice(prefix.length) : '');
}

async function runningKernel(places: KernelPlaces): Promise<Kernel> {
  const running = runningRelease(places);
  const looked: string[] = [];
  for (const path of runningImagePaths(running, places)) {
    try {
      const kernel = await kernelAt(path, 'host', places);
      if (kernel.release === running) return kernel;
      looked.push(`${path} is of ${kernel.release}`);
    } catch (error) {
      if (!(error instanceof KernelImageError)) throw error;
      looked.push(error.message);
    }
  }
  throw new EnvironmentError(
    [
      `kernel host: no readable image of the running kernel ${running}:`,
      ...looked.map((why) => `  ${why}`),
      looked.some((why) => why.endsWith('EACCES'))
        ? `  only root may read it: make a copy of your own by sudo install -m 644 /boot/vmlinuz-${running} .`
        : '  name its vmlinuz by path, or install its package',
    ].join('\n'),
  );
}

function runningImagePaths(release: string, { root = '/' }: KernelPlaces): string[] {
  return [
    join(root, 'boot', `vmlinuz-${release}`),
    join(root, 'lib/modules', release, 'vmlinuz'),
    join(root, 'usr/lib/modules', release, 'vmlinuz'),
    join(root, 'boot/vmlinuz'),
  ];
}

function runningRelease({ runningRelease: release = osRelease() }: KernelPlaces): string {
  return release;
}

async function kernelAt(path: string, source: KernelSource, places: KernelPlaces): Promise<Kernel> {
  const { release, version } = await readKernelImage(path);
  return {
    release,
    path,
    series: seriesOf(release),
    package: packageOf(version),
    source,
    running: source === 'host' && release === runningRelease(places),
  };
}

/** An image that only root may read is among them: its problem is told. */
async function hostImages({ root = '/' }: KernelPlaces): Promise<string[]> {
  const boot = await namesIn(join(root, 'boot'));
  const inBoot = boot.filter((name) => /^vmlinuz-/.test(name)).map((name) => join(root, 'boot', name));
  const inModules: string[] = [];
  for (const modules of [join(root, 'lib/modules'), join(root, 'usr/lib/modules')])
    for (const release of await namesIn(modules)) {
      const path = join(modules, release, 'vmlinuz');
      if (await isFile(path)) inModules.push(path);
    }
  return distinct([...inBoot, ...inModules]);
}

/** /lib is a link to /usr/lib on most hosts. */
async function distinct(paths: readonly string[]): Promise<string[]> {
  const real = new Map<string, string>();
  for (const path of paths) {
    const target = await realpath(path).catch(() => path);
    if (!real.has(target)) real.set(target, path);
  }
  return [...real.values()];
}

async function storedImages({ cacheFolder }: KernelPlaces): Promise<string[]> {
  return (await storedReleases(cacheFolder)).map((release) =>
    join(storedKernelFolder(release, cacheFolder), STORED_IMAGE),
  );
}

/** Where an image lies below a folder: of one's own, an unpacked package, or the sources it was built from. */
const IN_FOLDER: readonly (readonly (string | RegExp)[])[] = [
  ['vmlinuz'],
  [/^vmlinuz-/],
  ['bzImage'],
  ['arch', 'x86', 'boot', 'bzImage'],
  ['boot', /^vmlinuz-/],
  ['lib', 'modules', /./, 'vmlinuz'],
  ['usr', 'lib', 'modules', /./, 'vmlinuz'],
];

/** The only image in a folder; a folder that holds several has to be told which. */
async function imageInFolder(folder: string): Promise<string> {
  for (const place of IN_FOLDER) {
    const found = await matching(folder, place);
    const [only] = found;
    if (only && found.length === 1) return only;
    if (found.length > 1)
      throw new UsageError([
        `kernel ${folder} holds ${found.length} kernels, name one:`,
        ...found.map((path) => `  ${path}`),
      ]);
  }
  throw new UsageError(
    `kernel ${folder}: there is no kernel in it: no vmlinuz, vmlinuz-*, bzImage, arch/x86/boot/bzImage, boot/vmlinuz-* or lib/modules/*/vmlinuz`,
  );
}

async function matching(folder: string, place: readonly (string | RegExp)[]): Promise<string[]> {
  let paths = [folder];
  for (const part of place) {
    const next: string[] = [];
    for (const path of paths)
      for (const name of typeof part === 'string' ? [part] : await namesIn(path))
        if (typeof part === 'string' || part.test(name)) next.push(join(path, name));
    paths = next;
  }
  const files: string[] = [];
  for (const path of paths) if (await isFile(path)) files.push(path);
  return files;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** By numbers where they have them: 6.9 before 6.12. */
export function compareReleases(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** What a stored kernel was fetched as; null for others. */
export async function originOf({ release, source }: Kernel, { cacheFolder }: KernelPlaces = {}) {
  return source === 'store' ? readOrigin(storedKernelFolder(release, cacheFolder)) : null;
}
