import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kernelImage } from '../../fixtures/kernel.ts';
import { EXIT } from '../../util/errors.ts';
import { runCli } from './cli.ts';

let cwd: string;
let cache: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-kernels-'));
  cache = join(cwd, 'iomodels-bench');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const kernels = (...args: string[]) => runCli(['kernels', ...args], { cwd, env: { XDG_CACHE_HOME: cwd } });

/** As `kernels get` leaves it. */
function store(release: string): void {
  const folder = join(cache, 'kernels', release);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'vmlinuz'), kernelImage(`${release} (a@b) #1 SMP Debian 1-1`));
  const origin = { asked: 'debian:sid', packages: ['linux-image 1-1'], signed: true };
  writeFileSync(join(folder, 'origin.json'), JSON.stringify(origin));
}

describe('kernels list', () => {
  test('shows what is in the store, as a table and as JSON', async () => {
    store('5.99.1-test');
    const { exitCode, stdout } = await kernels('list', '--markdown');
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).toMatch(/\| 5\.99\.1-test \| store \| Debian 1-1 \| .*vmlinuz \|/);
    const json = JSON.parse((await kernels('list', '--json')).stdout) as {
      readonly kernels: readonly { readonly release: string; readonly origin: object | null }[];
    };
    expect(json.kernels.find(({ release }) => release === '5.99.1-test')).toMatchObject({
      source: 'store',
      running: false,
      origin: { asked: 'debian:sid', signed: true },
    });
  });
  test('says of a QEMU that cannot be used why, and goes on', async () => {
    const { exitCode, stdout } = await kernels('list', '--qemu', join(cwd, 'missing'));
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).toMatch(/QEMU: cannot start .*missing: ENOENT/);
  });
  test('says of an image that cannot be booted why', async () => {
    store('5.99.1-test');
    writeFileSync(join(cache, 'kernels', '5.99.1-test', 'vmlinuz'), kernelImage().subarray(0, -32));
    expect((await kernels('list')).stderr).toMatch(/warning: .*vmlinuz is cut short/);
  });
});

describe('kernels get', () => {
  test.each([
    [['get', 'qemuu'], /kernels get qemuu: must be qemu, debian:<suite> or debian:<release>/],
    [['get', 'debian:hamster'], /debian:hamster is neither a suite .* nor a release/],
    [['get', 'debian:../../etc'], /is neither a suite/],
    [['get'], /missing required argument/],
  ])('%j is a wrong use, and makes nothing', async (args, message) => {
    const { exitCode, stderr } = await kernels(...args);
    expect([exitCode, stderr]).toEqual([EXIT.usage, expect.stringMatching(message)]);
    expect(readdirSync(cwd)).toEqual([]);
  });
  test('of a release that is there fetches nothing', async () => {
    store('6.1.0-1-cloud-amd64');
    const { exitCode, stdout, stderr } = await kernels('get', 'debian:6.1.0-1-cloud-amd64', '--json');
    expect([exitCode, stderr]).toEqual([EXIT.ok, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      got: [{ what: 'debian:6.1.0-1-cloud-amd64', isNew: false, version: 'Debian 1-1' }],
    });
  });
  test('without apt says what is needed, and leaves nothing', async () => {
    const { exitCode, stderr } = await runCli(['kernels', 'get', 'debian:trixie'], {
      cwd,
      env: { XDG_CACHE_HOME: cwd, PATH: join(cwd, 'empty') },
    });
    expect([exitCode, stderr]).toEqual([EXIT.environment, expect.stringContaining('apt-get is missing')]);
    expect(readdirSync(cache)).toEqual([]);
  });
});
