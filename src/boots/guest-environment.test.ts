import { expect, test } from 'vitest';
import { fakeGuest } from '../fixtures/agent.ts';
import { readGuestEnvironment } from './guest-environment.ts';

const { signal } = new AbortController();
const FILES = {
  '/proc/sys/kernel/osrelease': '6.12.1\n',
  '/proc/sys/kernel/version': '#1 SMP\n',
  '/proc/sys/kernel/hostname': '(none)\n',
  '/proc/cpuinfo': 'processor\t: 0\nmodel name\t: QEMU TCG CPU\nflags\t: hypervisor\n',
  '/sys/devices/system/cpu/vulnerabilities/meltdown': 'Mitigation: PTI\n',
  '/proc/meminfo': 'MemTotal: 1000 kB\n',
};

test('A guest is what its files say, and never what this host is', async () => {
  const { guest } = fakeGuest({ files: FILES });
  expect(await readGuestEnvironment(guest.agent, signal)).toMatchObject({
    ...{ host: 'guest', kernel: '6.12.1', kernelVersion: '#1 SMP', arch: 'x64', cpus: 1 },
    ...{ cpuModel: 'QEMU TCG CPU', versions: {} },
    mitigations: { meltdown: 'Mitigation: PTI' },
  });
});

test('Its files are asked for in few exchanges, and each once, whether it is there or not', async () => {
  const { guest, asked, told } = fakeGuest({ files: FILES });
  await readGuestEnvironment(guest.agent, signal);
  expect(asked.length).toBeGreaterThan(10);
  expect(new Set(asked).size).toBe(asked.length);
  expect(told.length).toBeLessThanOrEqual(5);
});
