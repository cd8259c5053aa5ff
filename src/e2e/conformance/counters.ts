import { type FileHandle, open } from 'node:fs/promises';

/** `struct counters_header` of c-helpers/server/counters.h. */
const MAGIC = 0x31425341544e5543n;
const VERSION = 3;
const NAME_BYTES = 24;
const VALUE_BYTES = 8;
const OFFSET = {
  magic: 0,
  version: 8,
  counters: 12,
  slotsUsed: 20,
  headerBytes: 24,
  slotBytes: 28,
  sampleSeq: 32,
  voluntarySwitches: 40,
  involuntarySwitches: 48,
  names: 72,
} as const;

/** The page at one moment. */
export interface CountersReading {
  /** Sum over all threads, by name. */
  readonly value: (name: string) => number;
  /** By slot: that of a task, or of several one after the other. */
  readonly slots: (name: string) => readonly number[];
  /** Names of the system calls that the server counts, without the "sys." in front. */
  readonly syscallNames: readonly string[];
  /** The answer to the last SIGUSR1. */
  readonly sample: {
    readonly seq: number;
    readonly voluntarySwitches: number;
    readonly involuntarySwitches: number;
  };
}

/**
 * Reads the counters page of a running server, on its own terms: what stands in the header decides
 * where the counters are. Throws if it is no counters page.
 */
export async function readCounters(pid: number, countersFd: number): Promise<CountersReading> {
  const file = await open(`/proc/${pid}/fd/${countersFd}`, 'r');
  try {
    const start = await readAt(file, 0, OFFSET.names);
    const magic = start.readBigUInt64LE(OFFSET.magic);
    const version = start.readUInt32LE(OFFSET.version);
    if (magic !== MAGIC || version !== VERSION)
      throw new Error(`not a counters page of version ${VERSION}: magic ${magic}, version ${version}`);
    const headerBytes = start.readUInt32LE(OFFSET.headerBytes);
    const slotBytes = start.readUInt32LE(OFFSET.slotBytes);
    const slotsUsed = start.readUInt32LE(OFFSET.slotsUsed);
    const page = await readAt(file, 0, headerBytes + slotsUsed * slotBytes);

    const names = readNames(page, start.readUInt32LE(OFFSET.counters));
    const slots = (name: string) => {
      const index = names.indexOf(name);
      if (index < 0) throw new Error(`the server has no counter ${name}`);
      return Array.from({ length: slotsUsed }, (_, slot) =>
        Number(page.readBigUInt64LE(headerBytes + slot * slotBytes + index * VALUE_BYTES)),
      );
    };
    return {
      value: (name) => slots(name).reduce((a, b) => a + b, 0),
      slots,
      syscallNames: names.filter((name) => name.startsWith('sys.')).map((name) => name.slice('sys.'.length)),
      sample: {
        seq: Number(page.readBigUInt64LE(OFFSET.sampleSeq)),
        voluntarySwitches: Number(page.readBigUInt64LE(OFFSET.voluntarySwitches)),
        involuntarySwitches: Number(page.readBigUInt64LE(OFFSET.involuntarySwitches)),
      },
    };
  } finally {
    await file.close();
  }
}

function readNames(page: Buffer, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const at = OFFSET.names + index * NAME_BYTES;
    const text = page.toString('utf8', at, at + NAME_BYTES);
    return text.slice(0, text.indexOf('\0'));
  });
}

async function readAt(file: FileHandle, from: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(buffer, 0, bytes, from);
  if (bytesRead !== bytes) throw new Error(`the counters page ends at ${from + bytesRead}`);
  return buffer;
}
