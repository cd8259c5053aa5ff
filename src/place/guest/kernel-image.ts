import { type FileHandle, open } from 'node:fs/promises';
import { codeOf, EnvironmentError, messageOf } from '../../util/errors.ts';

/** What a kernel image says of itself. */
export interface KernelImage {
  readonly path: string;
  /** As `uname -r` tells it in the guest. */
  readonly release: string;
  /** The whole version line, such as `6.1.0-50-cloud-amd64 (…) #1 SMP … Debian 6.1.176-1 (2026-07-02)`. */
  readonly version: string;
}

export type ImageProblem = 'not-an-image' | 'wrong-architecture' | 'truncated-image';

/** A file that cannot be booted as a kernel. */
export class KernelImageError extends EnvironmentError {
  readonly problem: ImageProblem | 'unreadable';
  constructor(problem: ImageProblem | 'unreadable', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KernelImageError';
    this.problem = problem;
  }
}

/** Where the x86 boot protocol has what is read here: Documentation/arch/x86/boot.rst of Linux. */
const OFFSET = {
  setupSectors: 0x1f1,
  /** In paragraphs of 16 bytes: the protected-mode part. */
  systemSize: 0x1f4,
  bootFlag: 0x1fe,
  magic: 0x202,
  protocol: 0x206,
  /** From 0x200 on. */
  version: 0x20e,
  loadFlags: 0x211,
  xloadFlags: 0x236,
} as const;
const SECTOR_BYTES = 512;
const BOOT_FLAG = 0xaa55;
/** The first protocol with a 64-bit entry: Linux 3.8. */
const PROTOCOL_64 = 0x20c;
const XLF_KERNEL_64 = 1;
/** Of the beginning; a version line lies within the set-up sectors, of which there are at most 64. */
const HEAD_BYTES = 65 * SECTOR_BYTES;
const VERSION_CHARS_MAX = 512;

const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: '32-bit x86',
  21: 'PowerPC',
  22: 's390x',
  40: '32-bit Arm',
  62: 'x86-64',
  183: '64-bit Arm',
  243: 'RISC-V',
  258: 'LoongArch',
};

/**
 * Reads the header of an x86-64 bzImage (a vmlinuz). Throws `KernelImageError` where it is none, is of another
 * architecture, or is shorter than its header says.
 */
export async function readKernelImage(path: string): Promise<KernelImage> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new KernelImageError('not-an-image', `${path} is no regular file`);
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    return { path, ...parseKernelImage(head.subarray(0, bytesRead), { path, fileBytes: found.size }) };
  } catch (cause) {
    if (cause instanceof KernelImageError) throw cause;
    throw unreadable(path, cause);
  } finally {
    await file.close();
  }
}

/** The release and the version line from the first bytes of an image. Throws `KernelImageError`. */
export function parseKernelImage(
  head: Buffer,
  { path, fileBytes }: { readonly path: string; readonly fileBytes: number },
): Omit<KernelImage, 'path'> {
  const fail = (problem: ImageProblem, why: string) => new KernelImageError(problem, `${path} ${why}`);
  const other = otherFormat(head);
  if (other !== null) throw fail(other.problem, other.why);
  if (head.length < OFFSET.xloadFlags + 2) {
    if (head.length === 0) throw fail('truncated-image', 'is empty');
    throw fail('not-an-image', `is no kernel image: it has only ${fileBytes} bytes`);
  }
  const magic = head.toString('latin1', OFFSET.magic, OFFSET.magic + 4);
  if (head.readUInt16LE(OFFSET.bootFlag) !== BOOT_FLAG || magic !== 'HdrS')
    throw fail('not-an-image', 'is no kernel image: it has not the header of a bzImage (vmlinuz)');
  const is64 =
    head.readUInt16LE(OFFSET.protocol) >= PROTOCOL_64 &&
    (head.readUInt16LE(OFFSET.xloadFlags) & XLF_KERNEL_64) !== 0;
  if (!is64) throw fail('wrong-architecture', 'is a kernel of 32-bit x86, not of x86-64');

  const setupBytes = ((head[OFFSET.setupSectors] || 4) + 1) * SECTOR_BYTES;
  const imageBytes = setupBytes + head.readUInt32LE(OFFSET.systemSize) * 16;
  // What a build writes is padded to a paragraph or not, depending on its year.
  if (fileBytes + 15 < imageBytes)
    throw fail('truncated-image', `is cut short: ${fileBytes} of the ${imageBytes} bytes its header names`);
  const at = SECTOR_BYTES + head.readUInt16LE(OFFSET.version);
  const [version = ''] = head.toString('latin1', at, at + VERSION_CHARS_MAX).split('\0', 1);
  const [release = ''] = version.split(' ', 1);
  if (head.readUInt16LE(OFFSET.version) === 0 || !/^\d+\.\d+/.test(release))
    throw fail('not-an-image', 'names no kernel release in its header');
  return { release, version };
}

/** What a file is that is no bzImage; null: it may be one. */
function otherFormat(head: Buffer): { readonly problem: ImageProblem; readonly why: string } | null {
  if (head.length >= 20 && head.readUInt32BE(0) === 0x7f454c46) {
    const machine = head.readUInt16LE(18);
    if (machine === 62)
      return {
        problem: 'not-an-image',
        why: 'is an ELF file, such as vmlinux is; what boots is the vmlinuz or arch/x86/boot/bzImage made of it',
      };
    return {
      problem: 'wrong-architecture',
      why: `is of ${ELF_MACHINES[machine] ?? `ELF machine ${machine}`}, not a kernel of x86-64`,
    };
  }
  const armMagic = head.length >= 0x3c ? head.toString('latin1', 0x38, 0x3c) : '';
  if (armMagic === 'ARMd')
    return { problem: 'wrong-architecture', why: 'is a kernel of 64-bit Arm, not of x86-64' };
  if (armMagic.startsWith('RSC'))
    return { problem: 'wrong-architecture', why: 'is a kernel of RISC-V, not of x86-64' };
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b)
    return {
      problem: 'wrong-architecture',
      why: 'is a gzip file, as kernels of 64-bit Arm and RISC-V are; a kernel of x86-64 is a bzImage',
    };
  return null;
}

function unreadable(path: string, cause: unknown): KernelImageError {
  return new KernelImageError(
    'unreadable',
    `cannot read the kernel ${path}: ${codeOf(cause) ?? messageOf(cause)}`,
    { cause },
  );
}

/** `6.12` of `6.12.117+deb13-cloud-amd64`. */
export function seriesOf(release: string): string {
  return /^\d+\.\d+/.exec(release)?.[0] ?? release;
}

/** The distribution's package a version line names, such as `Debian 6.12.117-1`; null: none. */
export function packageOf(version: string): string | null {
  const debian = /\bDebian (\d\S*)/.exec(version);
  if (debian) return `Debian ${debian[1]}`;
  const ubuntu = /#(\d+\S*)-Ubuntu\b/.exec(version);
  if (ubuntu) return `Ubuntu ${version.split('-', 1)[0]}-${ubuntu[1]}`;
  return null;
}
