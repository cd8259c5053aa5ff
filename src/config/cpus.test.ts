import { describe, expect, test } from 'vitest';
import { type CpuTopology, chooseCpus, parseCpuList } from './cpus.ts';

describe('parseCpuList', () => {
  test.each([
    ['0', [0]],
    ['0,2-3', [0, 2, 3]],
    ['3,1,2-3', [1, 2, 3]],
    [' 0 , 2 - 3'.replaceAll(' - ', '-'), [0, 2, 3]],
    ['5-5', [5]],
    ['4095', [4095]],
  ])('reads %s', (text, cpus) => {
    expect(parseCpuList(text)).toEqual(cpus);
  });

  test.each([
    '',
    ' ',
    ',',
    '1,',
    'a',
    '-1',
    '3-1',
    '1-',
    '0x1',
    '1.5',
    '4096',
    '0-4294967295',
    '1 2',
    '0-1-2',
  ])('refuses "%s"', (text) => {
    expect(parseCpuList(text)).toBeNull();
  });
});

describe('chooseCpus', () => {
  const apart = (cpus: number): CpuTopology => ({
    allowed: Array.from({ length: cpus }, (_, cpu) => cpu),
    online: Array.from({ length: cpus }, (_, cpu) => cpu),
    siblings: new Map(),
  });
  /** CPUs 0 and 2 share a core, 1 and 3 another. */
  const smt: CpuTopology = {
    allowed: [0, 1, 2, 3],
    online: [0, 1, 2, 3],
    siblings: new Map([
      [0, [0, 2]],
      [1, [1, 3]],
      [2, [0, 2]],
      [3, [1, 3]],
    ]),
  };
  /** As Linux numbers them: the second threads of all cores behind the first ones, cores dealt to the nodes. */
  const withThreads = (cores: number, nodes = 1): CpuTopology => {
    const cpus = Array.from({ length: 2 * cores }, (_, cpu) => cpu);
    const threads = (cpu: number) => [cpu % cores, (cpu % cores) + cores];
    return {
      allowed: cpus,
      online: cpus,
      siblings: new Map(cpus.map((cpu) => [cpu, threads(cpu)])),
      nodes: new Map(cpus.map((cpu) => [cpu, Math.floor((cpu % cores) / (cores / nodes))])),
    };
  };
  const only = (topology: CpuTopology, allowed: number[]): CpuTopology => ({ ...topology, allowed });
  const halfCore: CpuTopology = { allowed: [0, 2], online: [0, 2], siblings: smt.siblings };
  const SHARED = (cpus: string) => `client and server share CPU ${cpus}: they measure each other`;
  const SIBLING = (cpus: string) =>
    `server CPU ${cpus} shares a core (SMT) with a client CPU: they slow each other`;

  const cases: {
    title: string;
    topology: CpuTopology;
    server?: number[];
    client?: number[];
    chosen: [server: number[] | null, client: number[] | null];
    warnings?: string[];
  }[] = [
    { title: 'two CPUs', topology: apart(2), chosen: [[1], [0]] },
    { title: 'three CPUs', topology: apart(3), chosen: [[1], [0, 2]] },
    { title: 'four CPUs', topology: apart(4), chosen: [[1], [0, 2]] },
    { title: 'eight CPUs', topology: apart(8), chosen: [[1], [0, 2]] },
    { title: 'two cores with two threads each', topology: smt, chosen: [[1], [0, 2]] },
    { title: 'four cores with two threads each', topology: withThreads(4), chosen: [[1], [0, 2]] },
    { title: 'eight cores with two threads each', topology: withThreads(8), chosen: [[1], [0, 2]] },
    {
      title: 'eight cores with two threads each, two CPUs for the server',
      topology: withThreads(8),
      server: [0, 1],
      chosen: [
        [0, 1],
        [2, 3, 4, 5],
      ],
    },
    {
      title: 'two cores with two threads each, one of them for the server',
      topology: withThreads(2),
      server: [0, 2],
      chosen: [
        [0, 2],
        [1, 3],
      ],
    },
    {
      title: 'two nodes: the server on the second',
      topology: withThreads(8, 2),
      server: [5],
      chosen: [[5], [4, 6]],
    },
    {
      title: 'two nodes: threads of a core of its node before cores of the other one',
      topology: withThreads(4, 2),
      server: [2],
      chosen: [[2], [3, 7]],
    },
    {
      title: 'two nodes: the other one where its own is used up',
      topology: withThreads(4, 2),
      server: [2, 3],
      chosen: [
        [2, 3],
        [0, 1, 4, 5],
      ],
    },
    {
      title: 'two nodes: the client on the second',
      topology: withThreads(8, 2),
      client: [4, 5],
      chosen: [[6], [4, 5]],
    },
    {
      title: 'two nodes, of which a cgroup leaves one CPU each',
      topology: only(withThreads(8, 2), [1, 6]),
      chosen: [[6], [1]],
    },
    {
      title: 'a cpuset of two cores with all their threads',
      topology: only(withThreads(8), [3, 5, 11, 13]),
      chosen: [[5], [3, 11]],
    },
    {
      title: 'isolated CPUs: they are left alone',
      topology: only(apart(8), [0, 1, 2, 3]),
      chosen: [[1], [0, 2]],
    },
    {
      title: 'an isolated CPU asked for by the server',
      topology: only(apart(8), [0, 1, 2, 3]),
      server: [6],
      chosen: [[6], [0, 1]],
    },
    {
      title: 'two threads of one core',
      topology: halfCore,
      chosen: [[2], [0]],
      warnings: [SIBLING('2')],
    },
    {
      title: 'one CPU',
      topology: apart(1),
      chosen: [null, null],
      warnings: ['client and server share the only CPU: every number holds the cost of both taking turns'],
    },
    { title: 'a server CPU asked for', topology: smt, server: [0], chosen: [[0], [1, 3]] },
    { title: 'a client CPU asked for', topology: smt, client: [3], chosen: [[0], [3]] },
    {
      title: 'several server CPUs asked for',
      topology: apart(4),
      server: [0, 1],
      chosen: [
        [0, 1],
        [2, 3],
      ],
    },
    { title: 'several client CPUs asked for', topology: apart(4), client: [1, 3], chosen: [[0], [1, 3]] },
    {
      title: 'every CPU asked for by the server',
      topology: apart(2),
      server: [0, 1],
      chosen: [[0, 1], [0]],
      warnings: [SHARED('0')],
    },
    {
      title: 'the same CPU asked for twice',
      topology: apart(2),
      server: [1],
      client: [1],
      chosen: [[1], [1]],
      warnings: [SHARED('1')],
    },
    {
      title: 'the only CPU, asked for',
      topology: apart(1),
      server: [0],
      chosen: [[0], [0]],
      warnings: [SHARED('0')],
    },
    {
      title: 'siblings asked for',
      topology: smt,
      server: [0, 3],
      client: [2],
      chosen: [[0, 3], [2]],
      warnings: [SIBLING('0')],
    },
  ];
  test.each(cases)('pins on $title', ({ topology, server, client, chosen, warnings = [] }) => {
    const [serverCpus, clientCpus] = chosen;
    expect(chooseCpus(topology, server, client)).toEqual({ serverCpus, clientCpus, warnings });
  });
});
