import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EnvironmentError } from '../util/errors.ts';
import { type CpuLockRequest, lockCpus } from './cpu-lock.ts';

const EAGAIN = 11;
const ENOLCK = 37;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-lock-'));
  vi.stubEnv('IOMODELS_BENCH_LOCK_DIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const fileOf = (cpu: number) => join(folder, `iomodels-bench.cpu${cpu}.lock`);

function lock(change: Partial<CpuLockRequest> = {}) {
  return lockCpus({
    cpus: [0],
    holder: 'run a (process 1)',
    tryLock: () => 0,
    unlock: () => {},
    wait: false,
    onWait: () => {},
    signal: new AbortController().signal,
    ...change,
  });
}

test('every CPU has a file that all users may lock and that names the holder until it is released', async () => {
  const locked = await lock({ cpus: [3, 1] });
  expect(locked.warning).toBeNull();
  for (const cpu of [1, 3]) {
    expect(readFileSync(fileOf(cpu), 'utf8')).toBe('run a (process 1)\n');
    expect(statSync(fileOf(cpu)).mode & 0o777).toBe(0o666);
  }
  locked.release();
  locked.release();
  expect(readFileSync(fileOf(1), 'utf8')).toBe('');
});

test('a CPU that is taken is refused with the name of who has it, and nothing stays locked', async () => {
  writeFileSync(fileOf(1), 'run b (process 2)\nmore\n');
  let calls = 0;
  const tried = lock({ cpus: [0, 1], tryLock: () => (calls++ === 0 ? 0 : EAGAIN) });
  await expect(tried).rejects.toThrow(/^CPU 1 is measured on by run b \(process 2\): .*--wait/);
  await expect(tried).rejects.toBeInstanceOf(EnvironmentError);
  expect(readFileSync(fileOf(0), 'utf8')).toBe('');
});

test('a holder who writes control characters stays unnamed', async () => {
  writeFileSync(fileOf(0), '\x1b[31mred\n');
  await expect(lock({ tryLock: () => EAGAIN })).rejects.toThrow(/^CPU 0 is measured on by another run:/);
});

test('who waits is told once for whom, and has it when it is free', async () => {
  writeFileSync(fileOf(0), 'run b\n');
  const told: string[] = [];
  let tries = 0;
  const locked = await lock({
    wait: true,
    tryLock: () => (tries++ < 2 ? EAGAIN : 0),
    onWait: (message) => told.push(message),
  });
  expect(told).toEqual(['waiting: CPU 0 is measured on by run b']);
  locked.release();
});

test('waiting ends with an abort', async () => {
  const stop = new AbortController();
  const waiting = lock({
    wait: true,
    tryLock: () => EAGAIN,
    onWait: () => stop.abort(),
    signal: stop.signal,
  });
  await expect(waiting).rejects.toThrow();
});

test('where no lock can be had, the run goes on and says so', async () => {
  symlinkSync('/etc/passwd', fileOf(0));
  expect((await lock()).warning).toMatch(/not locked.*ELOOP/);
  expect((await lock({ cpus: [5], tryLock: () => ENOLCK })).warning).toMatch(/errno 37/);
  vi.stubEnv('IOMODELS_BENCH_LOCK_DIR', join(folder, 'missing'));
  expect((await lock()).warning).toMatch(/ENOENT/);
  expect(existsSync(join(folder, 'missing'))).toBe(false);
});

test('a file that may only be read is locked all the same', async () => {
  writeFileSync(fileOf(0), '');
  chmodSync(fileOf(0), 0o444);
  const locked = await lock();
  expect(locked.warning).toBeNull();
  locked.release();
});
