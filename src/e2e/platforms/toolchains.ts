import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where `.ci/toolchains` puts what it could get, and the reasons why it could not get the rest. */
export const TOOLCHAINS_DIR =
  process.env.IOMODELS_TOOLCHAINS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'iomodels-bench-toolchains');

/** A C compiler for another C library, other kernel headers or another architecture. */
export interface Toolchain {
  readonly title: string;
  readonly cc: readonly [string, ...string[]];
  /** What runs its programs on this machine; their path and arguments follow. */
  readonly under: readonly string[];
  /** Whether its libraries can be loaded by the Node that runs the tests. */
  readonly loadable: boolean;
  /** Programs, or families of rows, that say why they cannot serve there, and what they say. */
  readonly unsupported: Readonly<Record<string, RegExp>>;
  /** Whether system calls can be told from those of what runs the programs. */
  readonly traceable: boolean;
  /** null: it is there. */
  readonly missing: string | null;
}

export const TOOLCHAINS: readonly Toolchain[] = [
  {
    title: 'musl and no kernel headers',
    cc: ['musl-gcc'],
    under: [],
    loadable: false,
    unsupported: { posix_aio: /^needs glibc: / },
    traceable: true,
    missing: whyMissing('musl', ['musl-gcc']),
  },
  sysroot('bullseye', 'glibc 2.31 and the headers of Linux 5.10'),
  sysroot('cut-headers', 'glibc 2.31 and headers cut down to what Linux 4.18 had'),
  sysroot('old-headers', 'glibc 2.31 and the headers of Linux 4.15'),
  {
    title: 'arm64 under emulation',
    cc: ['aarch64-linux-gnu-gcc'],
    under: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
    loadable: false,
    // The emulator passes on none of them; a kernel for arm64 would.
    unsupported: { io_uring: /ENOSYS/, native_aio: /io_setup/, blocking_fork: /PR_SET_CHILD_SUBREAPER/ },
    traceable: false,
    missing: whyMissing('arm64', ['aarch64-linux-gnu-gcc']) ?? whyMissing('qemu', ['qemu-aarch64']),
  },
];

/** Programs of an unpacked sysroot run under its own dynamic loader, so with its own C library. */
function sysroot(name: string, title: string): Toolchain {
  const root = join(TOOLCHAINS_DIR, name);
  const libraries = join(root, 'lib/x86_64-linux-gnu');
  const development = join(root, 'usr/lib/x86_64-linux-gnu');
  return {
    title,
    cc: ['gcc', `--sysroot=${root}`, `-B${development}/`, `-L${development}`, `-L${libraries}`],
    under: [join(root, 'lib64/ld-linux-x86-64.so.2'), '--library-path', libraries],
    loadable: true,
    unsupported: {},
    traceable: true,
    missing: whyMissing(name, [join(root, 'lib64/ld-linux-x86-64.so.2')]),
  };
}

/** Null where all of these programs are there; else what `.ci/toolchains` found out. */
export function whyMissing(name: string, programs: readonly string[]): string | null {
  const program = programs.find((path) => !isProgram(path));
  if (program === undefined) return null;
  try {
    return readFileSync(join(TOOLCHAINS_DIR, `${name}.missing`), 'utf8').trim();
  } catch {
    return `no ${program}: run .ci/toolchains`;
  }
}

function isProgram(name: string): boolean {
  const folders = name.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What the C of the project is free of, on every compiler: the warnings of `.ci/lint-c`, as errors. */
export function warningFlags(): readonly string[] {
  const lint = readFileSync(fileURLToPath(new URL('../../../.ci/lint-c', import.meta.url)), 'utf8');
  return [...new Set(lint.match(/(?<= )-W[a-z-]+/g))];
}
