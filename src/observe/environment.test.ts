import { describe, expect, test } from 'vitest';
import { fakeHost } from '../fixtures/host.ts';
import { linuxHost } from '../host/host.ts';
import { environmentSchema } from '../results/schema.ts';
import { readEnvironment, UNLIMITED } from './environment.ts';

const CPU = '/sys/devices/system/cpu';
const CLOCK = '/sys/devices/system/clocksource/clocksource0';

const BARE_METAL = {
  '/proc/sys/kernel/osrelease': '6.8.0-45-generic\n',
  '/proc/sys/kernel/version': '#45-Ubuntu SMP PREEMPT_DYNAMIC\n',
  '/proc/cpuinfo': 'processor\t: 0\nmodel name\t: AMD Ryzen 9 7950X\nflags\t\t: fpu vme\n\nprocessor\t: 1\n',
  [`${CPU}/online`]: '0-3\n',
  [`${CPU}/cpu0/cpufreq/scaling_governor`]: 'powersave\n',
  [`${CPU}/cpu1/cpufreq/scaling_governor`]: 'performance\n',
  [`${CPU}/cpu2/cpufreq/scaling_governor`]: 'powersave\n',
  [`${CPU}/cpu0/topology/thread_siblings_list`]: '0,2\n',
  [`${CPU}/cpu2/topology/thread_siblings_list`]: '0,2\n',
  [`${CPU}/smt/control`]: 'on\n',
  [`${CPU}/vulnerabilities/meltdown`]: 'Not affected\n',
  [`${CPU}/vulnerabilities/spectre_v2`]: 'Mitigation: Retpolines; STIBP: disabled\n',
  [`${CLOCK}/current_clocksource`]: 'tsc\n',
  '/proc/self/status': 'Name:\tnode\nCpus_allowed:\t7\nCpus_allowed_list:\t0-2\nSeccomp:\t0\n',
  '/proc/meminfo': 'MemTotal:       16384 kB\nMemFree: 1 kB\n',
  '/proc/self/limits': [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max processes             63432                96365                processes ',
    'Max open files            1024                 1048576              files     ',
    'Max locked memory         unlimited            unlimited            bytes     ',
  ].join('\n'),
  '/proc/sys/net/ipv4/tcp_rmem': '4096\t131072\t6291456\n',
  '/proc/sys/kernel/io_uring_disabled': '0\n',
  '/proc/self/cgroup': '0::/user.slice/user-1000.slice\n',
  '/sys/class/dmi/id/sys_vendor': 'ASUS\n',
};

describe('readEnvironment', () => {
  test('reads a bare machine', () => {
    expect(readEnvironment(fakeHost(BARE_METAL))).toMatchInlineSnapshot(`
      {
        "arch": "x64",
        "bootId": null,
        "clocksource": "tsc",
        "container": null,
        "cpuModel": "AMD Ryzen 9 7950X",
        "cpuQuota": null,
        "cpus": 4,
        "cpusAllowed": "0-2",
        "governor": "performance, powersave",
        "guest": null,
        "host": null,
        "hypervisor": null,
        "irqTimeAccounting": null,
        "isolatedCpus": null,
        "kernel": "6.8.0-45-generic",
        "kernelCommandLine": null,
        "kernelVersion": "#45-Ubuntu SMP PREEMPT_DYNAMIC",
        "limits": {
          "memlockBytes": 9007199254740991,
          "nofile": 1048576,
          "nproc": 63432,
        },
        "memoryBytes": 16777216,
        "microcode": null,
        "mitigations": {
          "meltdown": "Not affected",
          "spectre_v2": "Mitigation: Retpolines; STIBP: disabled",
        },
        "preemption": null,
        "smt": "on",
        "sysctls": {
          "kernel.io_uring_disabled": "0",
          "net.ipv4.tcp_rmem": "4096 131072 6291456",
        },
        "topology": {
          "cores": [
            "0,2",
            "1",
            "3",
          ],
          "nodes": [],
        },
        "turbo": null,
        "user": "normal",
        "versions": {
          "glibc": "2.36",
          "node": "20.0.0",
        },
      }
    `);
  });

  test('has nulls and nothing else where nothing can be read', () => {
    const empty = readEnvironment(fakeHost({}, { uid: null, versions: {} }));
    expect(environmentSchema.parse(empty)).toMatchInlineSnapshot(`
      {
        "arch": "x64",
        "bootId": null,
        "clocksource": null,
        "container": null,
        "cpuModel": null,
        "cpuQuota": null,
        "cpus": 0,
        "cpusAllowed": null,
        "governor": null,
        "guest": null,
        "host": null,
        "hypervisor": null,
        "irqTimeAccounting": null,
        "isolatedCpus": null,
        "kernel": "unknown",
        "kernelCommandLine": null,
        "kernelVersion": "unknown",
        "limits": {
          "memlockBytes": null,
          "nofile": null,
          "nproc": null,
        },
        "memoryBytes": 0,
        "microcode": null,
        "mitigations": {},
        "preemption": null,
        "smt": null,
        "sysctls": {},
        "topology": null,
        "turbo": null,
        "user": "normal",
        "versions": {},
      }
    `);
  });

  test('is complete on this host, whatever it is', () => {
    const environment = environmentSchema.parse(readEnvironment(linuxHost()));
    expect(environment.kernel).not.toBe('unknown');
    expect(environment.cpus).toBeGreaterThan(0);
    expect(environment.memoryBytes).toBeGreaterThan(0);
    expect(environment.limits.nofile).toBeGreaterThan(0);
    expect(environment.versions.node).toBe(process.versions.node);
  });

  test('takes the hard limit of descriptors, to which servers raise theirs, and else the soft one', () => {
    expect(readEnvironment(fakeHost(BARE_METAL)).limits).toEqual({
      nofile: 1_048_576,
      memlockBytes: UNLIMITED,
      nproc: 63_432,
    });
  });

  const vm = 'processor\t: 0\nflags\t\t: fpu hypervisor lahf_lm\n';
  const hypervisors: [title: string, files: Record<string, string>, name: string | null][] = [
    ['a PC whose maker has a name', { '/proc/cpuinfo': 'flags\t: fpu\n' }, null],
    [
      'a VM that its firmware names',
      { '/proc/cpuinfo': vm, '/sys/class/dmi/id/sys_vendor': 'QEMU\n' },
      'QEMU',
    ],
    [
      'a VM that its clock names',
      { '/proc/cpuinfo': vm, [`${CLOCK}/available_clocksource`]: 'tsc kvm-clock\n' },
      'KVM',
    ],
    ['a VM that nothing names', { '/proc/cpuinfo': vm }, 'unnamed'],
    ['xen', { '/sys/hypervisor/type': 'xen\n', '/proc/cpuinfo': vm }, 'xen'],
    [
      'an arm64 cloud instance',
      { '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n', '/sys/class/dmi/id/product_name': 'm7g.large\n' },
      'Amazon EC2 m7g.large',
    ],
    [
      'an arm64 cloud machine without hypervisor',
      { '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n', '/sys/class/dmi/id/product_name': 'm7g.metal\n' },
      null,
    ],
    ['a device tree', { '/proc/device-tree/hypervisor/compatible': 'linux,kvm\0' }, 'linux,kvm'],
  ];
  test.each(hypervisors)('finds the hypervisor of %s', (_title, files, name) => {
    expect(readEnvironment(fakeHost(files)).hypervisor).toBe(name);
  });

  const containers: [title: string, files: Record<string, string>, name: string | null][] = [
    ['docker', { '/.dockerenv': '' }, 'docker'],
    ['podman', { '/run/.containerenv': 'engine="podman-4.9.3"\nname="x"\n' }, 'podman'],
    ['podman, rootless and silent', { '/run/.containerenv': '' }, 'podman'],
    [
      'kubernetes',
      { '/run/secrets/kubernetes.io/serviceaccount/token': 'x', '/.dockerenv': '' },
      'kubernetes',
    ],
    ['systemd-nspawn', { '/run/systemd/container': 'systemd-nspawn\n' }, 'systemd-nspawn'],
    ['LXC', { '/proc/1/environ': 'PATH=/bin\0container=lxc\0' }, 'lxc'],
    ['an engine that only cgroups tell', { '/proc/self/cgroup': '4:memory:/docker/0123\n' }, 'docker'],
    ['none', { '/proc/self/cgroup': '0::/init.scope\n' }, null],
  ];
  test.each(containers)('finds the container: %s', (_title, files, name) => {
    expect(readEnvironment(fakeHost(files)).container).toBe(name);
  });

  test('names an arm64 CPU by its numbers', () => {
    const cpuinfo = 'processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n';
    expect(readEnvironment(fakeHost({ '/proc/cpuinfo': cpuinfo })).cpuModel).toBe(
      'CPU implementer 0x41, part 0xd40',
    );
  });
});
