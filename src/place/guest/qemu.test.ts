import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  findQemu,
  parseAccelerators,
  parseQemuVersion,
  QEMU_PROGRAM,
  refusalOf,
  storedQemuPath,
} from './qemu.ts';
import { kernelCommandLine, qemuArguments } from './qemu-arguments.ts';

test.each([
  ['QEMU emulator version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)\nCopyright', '10.0.13'],
  ['QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)', '7.2.22'],
  ['QEMU emulator version 11.1', '11.1'],
  ['qemu-img version 10.0.13', null],
  ['', null],
])('the version in %j is %s', (text, version) => {
  expect(parseQemuVersion(text)).toBe(version);
});

test.each([
  ['7.2.22', /QEMU 7\.2\.22 is refused, it must be 10 or newer: QEMU 7\.2 corrupts .* hangs/],
  ['9.2.4', /QEMU 9\.2\.4 is refused/],
])('%s is refused with the reason', (version, message) => {
  expect(refusalOf(version)).toMatch(message);
});
test.each(['10.0.0', '10.0.13', '11.1'])('%s is taken', (version) => {
  expect(refusalOf(version)).toBeNull();
});

test('accelerators are those that are known here', () => {
  expect(parseAccelerators('Accelerators supported in QEMU binary:\ntcg\nkvm\nxen\n')).toEqual([
    'tcg',
    'kvm',
  ]);
  expect(parseAccelerators('Accelerators supported in QEMU binary:\ntcg\n')).toEqual(['tcg']);
});

describe('QEMU is found', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iomb-qemu-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A script that answers as QEMU does. */
  function place(path: string, version: string, plugins = true): string {
    const unknown = plugins ? 'Could not load plugin /nonexistent/plugin.so' : 'plugins are not supported';
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      `#!/bin/sh\ncase "$1" in --version) echo "QEMU emulator version ${version}";; -accel) echo tcg;; *) echo "${unknown}" >&2; exit 1;; esac\n`,
    );
    chmodSync(path, 0o755);
    return path;
  }
  const search = (qemu?: string) =>
    findQemu({
      env: { PATH: join(folder, 'bin') },
      cacheFolder: join(folder, 'cache'),
      ...(qemu === undefined ? {} : { qemu }),
    });

  test('in PATH before the store, and asked what it can do', async () => {
    const path = place(join(folder, 'bin', QEMU_PROGRAM), '10.0.13', false);
    place(storedQemuPath(join(folder, 'cache')), '10.1.0');
    expect(await search()).toEqual({ path, version: '10.0.13', accelerators: ['tcg'], plugins: false });
  });
  test('in the store where that of PATH is too old', async () => {
    place(join(folder, 'bin', QEMU_PROGRAM), '7.2.22');
    const path = place(storedQemuPath(join(folder, 'cache')), '10.1.0');
    expect(await search()).toMatchObject({ path, plugins: true });
  });
  test('where it is named, and nowhere else', async () => {
    place(join(folder, 'bin', QEMU_PROGRAM), '10.0.13');
    const path = place(join(folder, 'mine'), '11.0.0');
    expect(await search(path)).toMatchObject({ path });
    await expect(search(place(join(folder, 'old'), '7.2.22'))).rejects.toThrow(
      /old: QEMU 7\.2\.22 is refused/,
    );
    await expect(search('nosuch')).rejects.toThrow(/--qemu nosuch: not found in PATH/);
    await expect(search(join(folder, 'nosuch'))).rejects.toThrow(/cannot start .*nosuch/);
  });
  test('nowhere: all that was seen is told, and what to do', async () => {
    await expect(search()).rejects.toThrow(/no QEMU was found: neither .*kernels get qemu/s);
    place(join(folder, 'bin', QEMU_PROGRAM), '7.2.22');
    await expect(search()).rejects.toThrow(
      /no QEMU that can be used.*QEMU 7\.2\.22 is refused.*kernels get/s,
    );
  });
  test('not, where a program says something else', async () => {
    writeFileSync(join(folder, 'other'), '#!/bin/sh\necho hello\n', { mode: 0o755 });
    await expect(search(join(folder, 'other'))).rejects.toThrow(/is no QEMU/);
  });
});

describe('arguments', () => {
  const machine = {
    kernel: '/k/vmlinuz',
    initramfs: '/i',
    clock: 'icount',
    smp: 2,
    memoryMb: 1024,
    cpu: 'max',
    consolePath: '/c/console.log',
  } as const;

  test('of a guest whose clock counts instructions', () => {
    expect(qemuArguments(machine).join(' ')).toBe(
      '-nodefaults -no-user-config -display none -no-reboot -M q35 -cpu max -m 1024M -smp 2 ' +
        '-accel tcg,thread=single -icount shift=0,sleep=off -rtc clock=vm -kernel /k/vmlinuz -initrd /i ' +
        '-append console=ttyS0 earlyprintk=ttyS0 quiet panic=-1 reboot=t nokaslr cryptomgr.notests clocksource=tsc tsc=reliable ' +
        '-chardev file,id=console,path=/c/console.log -serial chardev:console ' +
        '-chardev stdio,id=agent,signal=off -serial chardev:agent ' +
        '-chardev socket,id=control,fd=3 -mon chardev=control,mode=control',
    );
  });
  test.each([
    ['kvm', '-accel kvm'],
    ['tcg', '-accel tcg,thread=multi'],
  ] as const)('of %s have no instruction clock', (clock, accelerator) => {
    const text = qemuArguments({ ...machine, clock }).join(' ');
    expect(text).toContain(accelerator);
    expect(text).not.toContain('icount');
    expect(kernelCommandLine(clock)).not.toContain('tsc');
  });
  test('name a plugin with its output, and double the commas of paths', () => {
    const args = qemuArguments({
      ...machine,
      consolePath: '/a,b',
      plugin: { path: '/p,q.so', output: '/o' },
    });
    expect(args).toContain('file,id=console,path=/a,,b');
    expect(args.slice(-2)).toEqual(['-plugin', 'file=/p,,q.so,out=/o']);
  });
});
