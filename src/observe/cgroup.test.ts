import { describe, expect, test } from 'vitest';
import { fakeHost } from '../fixtures/host.ts';
import { cpuQuota, parseThrottling, pidsMax, quotaStatFiles } from './cgroup.ts';

describe('the limits of a cgroup', () => {
  const cases: [title: string, files: Record<string, string>, cpus: number | null, pids: number | null][] = [
    ['are none without cgroups', {}, null, null],
    [
      'are none where each level says max',
      {
        '/proc/self/cgroup': '0::/a\n',
        '/sys/fs/cgroup/a/cpu.max': 'max 100000\n',
        '/sys/fs/cgroup/a/pids.max': 'max\n',
      },
      null,
      null,
    ],
    [
      'are the tightest of all levels',
      {
        '/proc/self/cgroup': '0::/a/b\n',
        '/sys/fs/cgroup/a/b/cpu.max': '400000 100000\n',
        '/sys/fs/cgroup/a/cpu.max': '150000 100000\n',
        '/sys/fs/cgroup/a/b/pids.max': '500\n',
        '/sys/fs/cgroup/a/pids.max': '1000\n',
      },
      1.5,
      500,
    ],
    [
      'are found at the root of a container',
      {
        '/proc/self/cgroup': '0::/\n',
        '/sys/fs/cgroup/cpu.max': '50000 100000\n',
        '/sys/fs/cgroup/pids.max': '64\n',
      },
      0.5,
      64,
    ],
    [
      'are found under version 1',
      {
        '/proc/self/cgroup': '8:pids:/c\n4:cpu,cpuacct:/c\n0::/\n',
        '/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us': '200000\n',
        '/sys/fs/cgroup/cpu/c/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/pids/c/pids.max': '99\n',
      },
      2,
      99,
    ],
    [
      'are none where the file makes no sense',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'x\n' },
      null,
      null,
    ],
  ];
  test.each(cases)('%s', (_title, files, cpus, pids) => {
    expect({ cpus: cpuQuota(fakeHost(files)), pids: pidsMax(fakeHost(files)) }).toEqual({ cpus, pids });
  });
});

describe('the throttling of a quota', () => {
  test('is counted at every level that has one', () => {
    const host = fakeHost({
      '/proc/self/cgroup': '0::/a/b\n',
      '/sys/fs/cgroup/a/b/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/a/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/cpu.max': '150000 100000\n',
    });
    expect(quotaStatFiles(host)).toEqual(['/sys/fs/cgroup/a/b/cpu.stat', '/sys/fs/cgroup/cpu.stat']);
    expect(quotaStatFiles(fakeHost({}))).toEqual([]);
  });
  test('is read of both versions', () => {
    const common = { periods: 40, throttledPeriods: 35 };
    const v1 = 'nr_periods 40\nnr_throttled 35\nthrottled_time 2000\n';
    expect(parseThrottling(v1)).toEqual(common);
    const v2 = 'usage_usec 9\nnr_periods 40\nnr_throttled 35\nthrottled_usec 2\n';
    expect(parseThrottling(v2)).toEqual(common);
    expect(parseThrottling('usage_usec 9\n')).toBeNull();
  });
});
