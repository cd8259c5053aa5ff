import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isWrittenThrough, replaceWhole } from './write-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-write-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a file is made and replaced, and nothing else is left', async () => {
  await replaceWhole(at('file'), 'one');
  const first = statSync(at('file')).ino;
  await replaceWhole(at('file'), 'two');
  expect(readFileSync(at('file'), 'utf8')).toBe('two');
  expect(statSync(at('file')).ino).not.toBe(first);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('a file stays as readable as it was, whatever the umask', async () => {
  writeFileSync(at('metrics.prom'), 'old');
  chmodSync(at('metrics.prom'), 0o644);
  const umask = process.umask(0o077);
  try {
    await replaceWhole(at('metrics.prom'), 'new');
    await replaceWhole(at('fresh'), 'new');
  } finally {
    process.umask(umask);
  }
  expect(modeOf(at('metrics.prom'))).toBe(0o644);
  expect(modeOf(at('fresh'))).toBe(0o600);
});

test('a symbolic link stays, and its target is written, there or not yet', async () => {
  writeFileSync(at('target'), 'old');
  symlinkSync('target', at('link'));
  symlinkSync('link', at('link to link'));
  symlinkSync('later', at('dangling'));
  await replaceWhole(at('link to link'), 'new');
  await replaceWhole(at('dangling'), 'made');
  expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
  expect(lstatSync(at('dangling')).isSymbolicLink()).toBe(true);
  expect(readFileSync(at('target'), 'utf8')).toBe('new');
  expect(readFileSync(at('later'), 'utf8')).toBe('made');
});

test('links that go round are an error', async () => {
  symlinkSync('b', at('a'));
  symlinkSync('a', at('b'));
  await expect(replaceWhole(at('a'), 'x')).rejects.toThrow(/ELOOP/);
});

test('a link that waits under the old name of the partial file is not followed', async () => {
  writeFileSync(at('victim'), 'untouched');
  symlinkSync('victim', at('file.partial'));
  await replaceWhole(at('file'), 'new');
  expect(readFileSync(at('victim'), 'utf8')).toBe('untouched');
});

test('a device stays a device', async () => {
  expect(await isWrittenThrough('/dev/null')).toBe(true);
  await replaceWhole('/dev/null', 'gone');
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  await expect(replaceWhole('/dev/full', 'x')).rejects.toThrow(/ENOSPC/);
});

test('a FIFO gives its reader the text', async () => {
  execFileSync('mkfifo', [at('fifo')]);
  const reader = spawn('cat', [at('fifo')], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  reader.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise((resolve) => reader.on('close', resolve));
  await replaceWhole(at('fifo'), 'through');
  await ended;
  expect(said).toBe('through');
  expect(lstatSync(at('fifo')).isFIFO()).toBe(true);
});

test('what fails leaves nothing', async () => {
  await expect(replaceWhole(at('no/such/file'), 'x')).rejects.toThrow(/ENOENT/);
  await expect(replaceWhole(folder, 'x')).rejects.toThrow();
  expect(readdirSync(folder)).toEqual([]);
  expect(existsSync(folder)).toBe(true);
});
