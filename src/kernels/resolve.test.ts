import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kernelImage } from '../fixtures/kernel.ts';
import { type KernelPlaces, listKernels, resolveKernel } from './resolve.ts';

let top: string;
let places: KernelPlaces;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'iomb-kernels-'));
  places = { root: join(top, 'root'), cacheFolder: join(top, 'cache'), runningRelease: '6.12.1' };
});
afterEach(() => rmSync(top, { recursive: true }));

/** Puts an image of a release at a path below the temporary folder. */
function put(path: string, release: string): string {
  const at = join(top, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, kernelImage(`${release} (a@b) #1 SMP`));
  return at;
}

describe('kernels are listed', () => {
  test('from /boot, /lib/modules and the store, in the order of their versions, each once', async () => {
    put('root/boot/vmlinuz-6.12.1', '6.12.1');
    put('root/usr/lib/modules/6.12.1/vmlinuz', '6.12.1');
    put('root/usr/lib/modules/6.9.3/vmlinuz', '6.9.3');
    symlinkSync('usr/lib', join(top, 'root/lib'));
    put('cache/kernels/7.3.4+deb13/vmlinuz', '7.3.4+deb13');
    put('cache/kernels/.fetch-1/vmlinuz', '7.4.0');
    const { kernels, problems } = await listKernels(places);
    expect(kernels.map(({ release, source, running }) => [release, source, running])).toEqual([
      ['6.9.3', 'host', false],
      ['6.12.1', 'host', true],
      ['7.3.4+deb13', 'store', false],
    ]);
    expect(problems).toEqual([]);
  });
  test('and what cannot be booted is a problem, told once', async () => {
    const path = put('root/usr/lib/modules/6.9.3/vmlinuz', '6.9.3');
    symlinkSync('usr/lib', join(top, 'root/lib'));
    writeFileSync(path, kernelImage().subarray(0, -32));
    const { kernels, problems } = await listKernels(places);
    expect([kernels.length, problems.length]).toEqual([0, 1]);
    expect(problems[0]?.why).toMatch(/is cut short/);
  });
  test('there may be none at all', async () => {
    expect(await listKernels(places)).toEqual({ kernels: [], problems: [] });
  });
});

describe('a kernel is named', () => {
  test('by its path, whatever its name', async () => {
    const path = put('mine/image', '6.13.0-rc1');
    expect(await resolveKernel(path, places)).toEqual({
      release: '6.13.0-rc1',
      path,
      series: '6.13',
      package: null,
      source: 'path',
      running: false,
    });
  });
  test.each([
    'vmlinuz',
    'vmlinuz-6.1',
    'bzImage',
    'arch/x86/boot/bzImage',
    'boot/vmlinuz-6.1',
    'lib/modules/6.1/vmlinuz',
    'usr/lib/modules/6.1/vmlinuz',
  ])('by a folder with %s', async (name) => {
    const path = put(`tree/${name}`, '6.1');
    expect(await resolveKernel(join(top, 'tree'), places)).toMatchObject({ release: '6.1', path });
  });
  test('by a folder only if it holds one', async () => {
    put('tree/boot/vmlinuz-6.1', '6.1');
    put('tree/boot/vmlinuz-6.2', '6.2');
    await expect(resolveKernel(join(top, 'tree'), places)).rejects.toThrow(
      /holds 2 kernels, name one:.*vmlinuz-6\.1\n.*vmlinuz-6\.2/s,
    );
    mkdirSync(join(top, 'empty'));
    await expect(resolveKernel(join(top, 'empty'), places)).rejects.toThrow(/no kernel in it: no vmlinuz/);
  });
  test('by its release, or a beginning of it that ends where a number does', async () => {
    for (const release of ['6.1.0-50-cloud', '6.12.107', '6.12.117'])
      put(`cache/kernels/${release}/vmlinuz`, release);
    const named = async (spec: string) => (await resolveKernel(spec, places)).release;
    expect(await named('6.12.107')).toBe('6.12.107');
    expect(await named('6.1')).toBe('6.1.0-50-cloud');
    expect(await named('6.1.0-50-')).toBe('6.1.0-50-cloud');
    await expect(named('6.12')).rejects.toThrow(/2 kernels begin with it.*6\.12\.107.*6\.12\.117/s);
    await expect(named('6.12.1')).rejects.toThrow(/no kernel begins with it; there are:.*kernels get/s);
    await expect(named('debian:sid')).rejects.toThrow(/fetch it by iomodels-bench kernels get debian:sid/);
    await expect(named('./nosuch')).rejects.toThrow(/no such file/);
    await expect(named(' ')).rejects.toThrow(/names nothing/);
  });
});

describe('host is the image of the running kernel', () => {
  test.each(['boot/vmlinuz-6.12.1', 'lib/modules/6.12.1/vmlinuz', 'boot/vmlinuz'])('at /%s', async (name) => {
    const path = put(`root/${name}`, '6.12.1');
    expect(await resolveKernel('host', places)).toMatchObject({ path, running: true });
  });
  test('and no other: where it was looked for is told', async () => {
    put('root/boot/vmlinuz', '6.1.9');
    await expect(resolveKernel('host', places)).rejects.toThrow(
      /running kernel 6\.12\.1:.*vmlinuz-6\.12\.1: ENOENT.*boot\/vmlinuz is of 6\.1\.9/s,
    );
  });
  test('that only root can read is told with the command that copies it', async ({ skip }) => {
    if (process.geteuid?.() === 0) skip('root reads everything');
    chmodSync(put('root/boot/vmlinuz-6.12.1', '6.12.1'), 0o000);
    await expect(resolveKernel('host', places)).rejects.toThrow(/EACCES.*sudo install -m 644/s);
  });
});
