import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kernelImage } from '../../fixtures/kernel.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, runCli } from './cli.ts';

let cwd: string;
let cache: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-kernels-'));
  cache = join(cwd, 'iomodels-bench');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const kernels = (...args: string[]) => askCli(['kernels', ...args], { cwd, env: { XDG_CACHE_HOME: cwd } });

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

describe('kernels run and bisect, asked wrongly', () => {
  const IMAGE = '5.99.1-test';
  test.each([
    { args: ['run'], message: /kernels run needs a --kernel or more: see kernels list/ },
    { args: ['run', '--kernel', 'nope'], message: /kernel nope: no kernel begins with it/ },
    { args: ['run', '--kernel', './nope'], message: /kernel \.\/nope: there is no such file or folder/ },
    { args: ['run', '--kernel', IMAGE, '--smp', '3'], message: /--smp 3: must be 1, 2, or 1,2/ },
    {
      args: ['run', '--kernel', IMAGE, '--clock', 'x'],
      message: /--clock x: must be one of icount, kvm, tcg/,
    },
    { args: ['run', '--kernel', IMAGE, '--memory', '1'], message: /--memory 1: must be a size such as 512M/ },
    { args: ['run', '--kernel', IMAGE, '--boots', '0'], message: /--boots 0: must be a whole number from 1/ },
    {
      args: ['run', '--kernel', IMAGE, '--explain', 'some'],
      message: /--explain.*Allowed choices are first, all, none/,
    },
    { args: ['run', '--kernel', IMAGE, '--kernel', IMAGE], message: /vmlinuz is named twice; --boots says/ },
    { args: ['bisect', '--good', IMAGE], message: /--bad names no kernel: or is one --test meant/ },
    {
      args: ['bisect', '--good', IMAGE, '--bad', IMAGE, '--test', IMAGE],
      message: /--test judges one image/,
    },
    { args: ['compare'], message: /no run in \.\/results was measured in a guest/ },
    { args: ['compare', '--detect', 'much', '--dry-run'], message: /--detect much: must be a share/ },
    { args: ['explain', 'nope'], message: /no run nope/ },
  ])('$args ends with 2 or what git stops at, and leaves nothing', async ({ args, message }) => {
    store(IMAGE);
    const { exitCode, stdout, stderr } = await kernels(...args);
    expect([exitCode, stdout, stderr]).toEqual([
      args.includes('--test') ? EXIT.gitStops : EXIT.usage,
      '',
      expect.stringMatching(message),
    ]);
    expect(readdirSync(cwd)).toEqual(['iomodels-bench']);
    expect(readdirSync(cache)).toEqual(['kernels']);
  });

  test('a QEMU that is not there ends with 3, and leaves nothing', async () => {
    store(IMAGE);
    const { exitCode, stderr } = await kernels('run', '--kernel', IMAGE, '--qemu', join(cwd, 'missing'));
    expect([exitCode, stderr]).toEqual([
      EXIT.environment,
      expect.stringMatching(/cannot start .*missing: ENOENT/),
    ]);
    expect(readdirSync(cwd)).toEqual(['iomodels-bench']);
  });
  test.each([
    { args: ['run', '--kernel', './image'], exitCode: EXIT.environment },
    { args: ['bisect', '--good', '5.99.1-test', '--test', './image'], exitCode: EXIT.gitStops },
  ])('an image that is no kernel: $args is $exitCode', async ({ args, exitCode }) => {
    store('5.99.1-test');
    writeFileSync(join(cwd, 'image'), 'no kernel');
    const ended = await kernels(...args);
    expect([ended.exitCode, ended.stderr]).toEqual([
      exitCode,
      expect.stringMatching(/image is no kernel image: it has only 9 bytes/),
    ]);
    expect(readdirSync(cwd).sort()).toEqual(['image', 'iomodels-bench']);
  });
  test('--dry-run prints the boots of the kernels in turns, and boots nothing', async () => {
    store('5.99.1-test');
    store('5.99.2-test');
    const named = ['--kernel', '5.99.1', '--kernel', '5.99.2', '--smp', '1', '--boots', '2'];
    const { exitCode, stdout } = await kernels('run', ...named, '--dry-run', '--json');
    expect(exitCode).toBe(EXIT.ok);
    const { boots } = JSON.parse(stdout) as { readonly boots: readonly { readonly release: string }[] };
    expect(boots.map(({ release }) => release.slice(0, 6))).toEqual(['5.99.1', '5.99.2', '5.99.2', '5.99.1']);
    expect(readdirSync(cwd)).toEqual(['iomodels-bench']);
  });
});
