import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { codeOf, EnvironmentError, messageOf } from '../../util/errors.ts';
import { type CpioEntry, cpioArchive } from './cpio.ts';

export interface InitramfsRequest {
  /** The agent's executable, which becomes /init. */
  readonly agent: string;
  /** By program name, the executables that lie beside it in `/`. */
  readonly programs: ReadonlyMap<string, string>;
}

/** What the kernel or the agent puts into `/` itself. */
const TAKEN = ['init', 'dev', 'proc', 'sys', 'root', 'tmp', 'var'];

/**
 * Of devices only what is needed before the agent mounts devtmpfs, or where the kernel has none: the kernel opens
 * /dev/console for init's stdio, ttyS1 is the agent's line.
 */
const TREE: readonly CpioEntry[] = [
  { kind: 'folder', path: 'dev' },
  { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
  { kind: 'character-device', path: 'dev/null', mode: 0o666, major: 1, minor: 3 },
  { kind: 'character-device', path: 'dev/ttyS1', mode: 0o600, major: 4, minor: 65 },
  { kind: 'folder', path: 'proc', mode: 0o555 },
  { kind: 'folder', path: 'sys', mode: 0o555 },
  { kind: 'folder', path: 'tmp', mode: 0o777 },
  { kind: 'folder', path: 'var' },
  { kind: 'folder', path: 'var/tmp', mode: 0o777 },
];

/**
 * The root of a guest: the agent, the programs, and nothing of the host's. Not compressed, for the guest pays for
 * unpacking in instructions. The same files make the same bytes. Throws `EnvironmentError` for what cannot be
 * read or would not run in a guest.
 */
export async function buildInitramfs({ agent, programs }: InitramfsRequest): Promise<Buffer> {
  const taken = [...programs.keys()].filter((name) => TAKEN.includes(name) || !/^[\w.-]+$/.test(name));
  if (taken.length > 0) throw new Error(`an initramfs cannot hold a program called ${taken.join(', ')}`);
  const named = [...programs].sort(([a], [b]) => (a < b ? -1 : 1));
  const files = await Promise.all(
    [['init', agent] as const, ...named].map(async ([path, source]): Promise<CpioEntry> => {
      return { kind: 'file', path, mode: 0o755, content: await readStatic(source) };
    }),
  );
  return cpioArchive([...TREE, ...files]);
}

/** Writes `buildInitramfs` to a file. Rejects with `EnvironmentError` where that fails, and leaves none then. */
export async function writeInitramfs(path: string, request: InitramfsRequest): Promise<void> {
  const archive = await buildInitramfs(request);
  const partial = `${path}.partial`;
  try {
    await writeFile(partial, archive);
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    throw new EnvironmentError(
      `cannot write the guest's initramfs ${path}: ${codeOf(cause) ?? messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

async function readStatic(path: string): Promise<Buffer> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (cause) {
    throw new EnvironmentError(`cannot read ${path} for a guest: ${codeOf(cause) ?? messageOf(cause)}`, {
      cause,
    });
  }
  const problem = problemOfProgram(content);
  if (problem !== null) throw new EnvironmentError(`${path} cannot run in a guest: ${problem}`);
  return content;
}

const ELF_MACHINE_X86_64 = 62;
const PT_INTERP = 3;
const ELF_HEADER_BYTES = 64;

/** Why an executable would not run where there is no library; null: it would. */
export function problemOfProgram(content: Buffer): string | null {
  if (content.length < ELF_HEADER_BYTES || content.readUInt32BE(0) !== 0x7f454c46) return 'it is no ELF file';
  if (content[4] !== 2 || content.readUInt16LE(18) !== ELF_MACHINE_X86_64) return 'it is not of x86-64';
  const headers = Number(content.readBigUInt64LE(32));
  const headerBytes = content.readUInt16LE(54);
  for (let i = 0; i < content.readUInt16LE(56); i++) {
    const at = headers + i * headerBytes;
    if (at + 4 > content.length) return 'it is cut short';
    if (content.readUInt32LE(at) === PT_INTERP) return 'it is not linked statically';
  }
  return null;
}
