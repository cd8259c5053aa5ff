import { expect, test } from 'vitest';
import { fakeHost } from '../fixtures/host.ts';
import { EnvironmentError } from '../util/errors.ts';
import { describeTopology, readTopology } from './topology.ts';

const siblings = (cpu: number) => `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
const STATUS = '/proc/self/status';

test('the topology holds the CPUs that this process may use, and those that share their cores', () => {
  const host = fakeHost({
    [STATUS]: 'Name:\tnode\nCpus_allowed:\tb\nCpus_allowed_list:\t0-1,3\n',
    '/sys/devices/system/cpu/online': '0-3\n',
    [siblings(0)]: '0,2\n',
    [siblings(1)]: '1,3\n',
    [siblings(2)]: '0,2\n',
    [siblings(3)]: '1,3\n',
  });
  expect(readTopology(host)).toEqual({
    allowed: [0, 1, 3],
    online: [0, 1, 2, 3],
    siblings: new Map([
      [0, [0, 2]],
      [1, [1, 3]],
      [2, [0, 2]],
      [3, [1, 3]],
    ]),
    nodes: new Map(),
  });
});

test('NUMA nodes are those that the kernel lists, and are recorded with the cores', () => {
  const host = fakeHost({
    [STATUS]: 'Cpus_allowed_list:\t0-3\n',
    '/sys/devices/system/cpu/online': '0-3\n',
    '/sys/devices/system/node/online': '0,2\n',
    '/sys/devices/system/node/node0/cpulist': '0,2\n',
    '/sys/devices/system/node/node2/cpulist': '1,3\n',
    [siblings(0)]: '0,2\n',
    [siblings(2)]: '0,2\n',
  });
  expect([...(readTopology(host).nodes ?? [])]).toEqual([
    [0, 0],
    [2, 0],
    [1, 2],
    [3, 2],
  ]);
  expect(describeTopology(host)).toEqual({ cores: ['0,2', '1', '3'], nodes: ['0,2', '1,3'] });
  expect(describeTopology(fakeHost({}))).toBeNull();
});

test('a CPU of which nothing is told has a core of its own', () => {
  const { siblings: cores } = readTopology(fakeHost({ [STATUS]: 'Cpus_allowed_list:\t0-1\n' }));
  expect([...cores]).toEqual([
    [0, [0]],
    [1, [1]],
  ]);
});

test.each([{}, { [STATUS]: 'Name:\tnode\n' }, { [STATUS]: 'Cpus_allowed_list:\tall\n' }])(
  'a host that does not tell which CPUs may be used is named: %j',
  (files: Record<string, string>) => {
    expect(() => readTopology(fakeHost(files))).toThrow(EnvironmentError);
  },
);
