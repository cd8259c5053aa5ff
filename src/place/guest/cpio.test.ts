import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type CpioEntry, cpioArchive } from './cpio.ts';

const ENTRIES: readonly CpioEntry[] = [
  { kind: 'folder', path: 'dev' },
  { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
  { kind: 'file', path: 'init', mode: 0o755, content: Buffer.from('hello') },
  { kind: 'file', path: 'empty', mode: 0o644, content: Buffer.alloc(0) },
];

/** Reads an archive as the format has it: name, mode, device and content of every entry. */
function entriesOf(archive: Buffer) {
  const entries: { name: string; mode: string; device: number[]; content: string }[] = [];
  let at = 0;
  const take = (bytes: number) => {
    const part = archive.subarray(at, at + bytes);
    at += (bytes + 3) & ~3;
    return part;
  };
  for (;;) {
    const head = archive.toString('latin1', at, at + 110);
    expect(head.slice(0, 6)).toBe('070701');
    const field = (i: number) => Number.parseInt(head.slice(6 + 8 * i, 14 + 8 * i), 16);
    const name = take(110 + field(11))
      .subarray(110, -1)
      .toString();
    const content = take(field(6)).toString();
    if (name === 'TRAILER!!!') return { entries, end: at };
    entries.push({ name, mode: field(1).toString(8), device: [field(9), field(10)], content });
  }
}

describe('an archive', () => {
  test('has every entry, aligned, and its trailer at the end', () => {
    const archive = cpioArchive(ENTRIES);
    const { entries, end } = entriesOf(archive);
    expect(end).toBe(archive.length);
    expect(entries).toEqual([
      { name: 'dev', mode: '40755', device: [0, 0], content: '' },
      { name: 'dev/console', mode: '20600', device: [5, 1], content: '' },
      { name: 'init', mode: '100755', device: [0, 0], content: 'hello' },
      { name: 'empty', mode: '100644', device: [0, 0], content: '' },
    ]);
  });
  test('is read by cpio', ({ skip }) => {
    if (spawnSync('cpio', ['--version']).status !== 0) skip('cpio is not installed');
    const list = execFileSync('cpio', ['-itv', '--numeric-uid-gid', '--quiet'], {
      input: cpioArchive(ENTRIES),
      encoding: 'utf8',
    });
    expect(list.trim().split('\n')).toEqual([
      expect.stringMatching(/^drwxr-xr-x .* dev$/),
      expect.stringMatching(/^crw------- .* 5, +1 .* dev\/console$/),
      expect.stringMatching(/^-rwxr-xr-x .* 5 .* init$/),
      expect.stringMatching(/^-rw-r--r-- .* 0 .* empty$/),
    ]);
  });
  test('of the same entries has the same bytes', () => {
    expect(cpioArchive(ENTRIES).equals(cpioArchive([...ENTRIES]))).toBe(true);
  });
  test.each(['/init', 'a//b', '', 'a/', 'dev\0x'])('refuses the path %j', (path) => {
    expect(() => cpioArchive([{ kind: 'folder', path }])).toThrow(/bad path/);
  });
  test('refuses what stands before its folder: the kernel would drop it', () => {
    expect(() => cpioArchive([{ kind: 'folder', path: 'a/b' }])).toThrow(/before its folder/);
  });
});
