import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildInitramfs, problemOfProgram, writeInitramfs } from './initramfs.ts';

/** An ELF header with the program headers of the given types. */
function elf(types: readonly number[], machine = 62): Buffer {
  const file = Buffer.alloc(64 + 56 * types.length);
  file.writeUInt32BE(0x7f454c46, 0);
  file[4] = 2;
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(types.length, 56);
  for (const [i, type] of types.entries()) file.writeUInt32LE(type, 64 + 56 * i);
  return file;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-initramfs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (name: string, content: Buffer) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
/** Names of what is in an archive. */
const namesIn = (archive: Buffer) =>
  [...archive.toString('latin1').matchAll(/070701[0-9a-f]{104}([^\0]+)\0/g)].map(([, name]) => name);

describe('an initramfs', () => {
  test('holds the agent as init, the programs, the folders to mount on, and nothing else', async () => {
    const programs = new Map(['epoll', 'blocking'].map((name) => [name, put(name, elf([1]))]));
    const archive = await buildInitramfs({ agent: put('agent', elf([1])), programs });
    expect(namesIn(archive)).toEqual([
      ...['dev', 'dev/console', 'dev/null', 'dev/ttyS1', 'proc', 'sys', 'tmp', 'var', 'var/tmp'],
      ...['init', 'blocking', 'epoll'],
      'TRAILER!!!',
    ]);
  });
  test('is the same whatever the order in which its programs are named', async () => {
    const agent = put('agent', elf([1]));
    const [a, b] = [put('a', elf([1])), put('b', elf([1, 1]))];
    const of = (entries: [string, string][]) => buildInitramfs({ agent, programs: new Map(entries) });
    expect(
      (
        await of([
          ['a', a],
          ['b', b],
        ])
      ).equals(
        await of([
          ['b', b],
          ['a', a],
        ]),
      ),
    ).toBe(true);
  });
  test('refuses a program that would hide what is there already', async () => {
    const agent = put('agent', elf([1]));
    await expect(buildInitramfs({ agent, programs: new Map([['dev', agent]]) })).rejects.toThrow(
      /called dev/,
    );
  });
  test('names a program that cannot be read or would not run', async () => {
    const request = { agent: join(folder, 'missing'), programs: new Map() };
    await expect(buildInitramfs(request)).rejects.toThrow(/cannot read .*missing.*ENOENT/);
    const dynamic = { agent: put('agent', elf([1, 3])), programs: new Map() };
    await expect(buildInitramfs(dynamic)).rejects.toThrow(
      /agent cannot run in a guest: it is not linked statically/,
    );
  });
  test('that cannot be written says so and is not there', async () => {
    const request = { agent: put('agent', elf([1])), programs: new Map() };
    const path = join(folder, 'missing', 'initramfs');
    await expect(writeInitramfs(path, request)).rejects.toThrow(
      /cannot write the guest's initramfs .*ENOENT/,
    );
    await writeInitramfs(join(folder, 'initramfs'), request);
    expect(readdirSync(folder).sort()).toEqual(['agent', 'initramfs']);
  });
});

test.each([
  ['a static program', elf([1, 2]), null],
  ['a dynamic one', elf([3]), 'it is not linked statically'],
  ['one of another machine', elf([1], 183), 'it is not of x86-64'],
  ['a script', Buffer.from('#!/bin/sh\n'.repeat(20)), 'it is no ELF file'],
  ['one that is cut short', elf([1, 1]).subarray(0, 120), 'it is cut short'],
])('%s: %s', (_what, content, problem) => {
  expect(problemOfProgram(content)).toBe(problem);
});
