import { describe, expect, test } from 'vitest';
import { CONTAMINATION_LIMITS, type DisturbanceReadings, judgeContamination } from './contamination.ts';

/** /proc/stat with the given total and stolen ticks of each CPU. */
function stat(...cpus: readonly [total: number, steal: number][]): string {
  return cpus.map(([total, steal], cpu) => `cpu${cpu} ${total - steal} 0 0 0 0 0 0 ${steal} 0 0`).join('\n');
}
const pressure = (totalUs: number) => `some avg10=0.00 avg60=0.00 avg300=0.00 total=${totalUs}\n`;

const WINDOW_NS = 1e9;
const QUIET: DisturbanceReadings = {
  windowNs: WINDOW_NS,
  cpuStat: [stat([1000, 5], [1000, 5]), stat([1100, 5], [1100, 5])],
  schedstat: ['', ''],
  cpuPressure: [pressure(1000), pressure(1000)],
  filesNs: WINDOW_NS,
  cpus: [0, 1],
  sides: [],
  interruptsApart: false,
  quotas: [],
  clientRunDelayNs: 0,
  serverRunDelayNs: 0,
  clientAlone: true,
  serverAlone: true,
};

describe('judgeContamination', () => {
  const cases: { title: string; change: Partial<DisturbanceReadings>; marks: string[] }[] = [
    { title: 'a quiet window', change: {}, marks: [] },
    {
      title: 'stolen time',
      change: { cpuStat: [stat([1000, 5], [1000, 5]), stat([1100, 15], [1100, 5])] },
      marks: ['the hypervisor took 5.0 % of the CPUs in use'],
    },
    {
      title: 'one stolen tick, which may be rounding, however short the window',
      change: { cpuStat: [stat([1000, 5], [1000, 5]), stat([1010, 6], [1010, 5])] },
      marks: [],
    },
    {
      title: 'two stolen ticks that are a small share',
      change: { cpuStat: [stat([1000, 5], [1000, 5]), stat([1100, 6], [1100, 6])] },
      marks: [],
    },
    {
      title: 'time stolen from a CPU that is not in use',
      change: { cpus: [1], cpuStat: [stat([1000, 5], [1000, 5]), stat([1100, 55], [1100, 5])] },
      marks: [],
    },
    {
      title: 'time stolen from any CPU, where nothing is pinned',
      change: { cpus: null, cpuStat: [stat([1000, 5], [1000, 5]), stat([1100, 55], [1100, 5])] },
      marks: ['the hypervisor took 25.0 % of the CPUs in use'],
    },
    {
      title: 'a client that waited for a CPU of its own',
      change: { clientRunDelayNs: 0.03 * WINDOW_NS },
      marks: ['the client waited for its CPU 3.0 % of the time'],
    },
    {
      title: 'a server that waited for a CPU of its own',
      change: { serverRunDelayNs: 0.5 * WINDOW_NS },
      marks: ['the server waited for its CPU 50.0 % of the time'],
    },
    { title: 'a client that waited a little', change: { clientRunDelayNs: 0.029 * WINDOW_NS }, marks: [] },
    {
      title: 'waiting for a CPU that is shared on purpose',
      change: {
        clientRunDelayNs: WINDOW_NS,
        serverRunDelayNs: WINDOW_NS,
        clientAlone: false,
        serverAlone: false,
      },
      marks: [],
    },
    {
      title: 'everything at once',
      change: {
        cpuStat: [stat([1000, 5], [1000, 5]), stat([1100, 105], [1100, 5])],
        clientRunDelayNs: WINDOW_NS / 10,
        serverRunDelayNs: WINDOW_NS / 5,
      },
      marks: [
        'the hypervisor took 50.0 % of the CPUs in use',
        'the client waited for its CPU 10.0 % of the time',
        'the server waited for its CPU 20.0 % of the time',
      ],
    },
    {
      title: 'a kernel that tells none of it',
      change: { cpuStat: ['', ''], cpuPressure: ['', ''], clientRunDelayNs: null, serverRunDelayNs: null },
      marks: [],
    },
  ];
  test.each(cases)('marks what it must for $title', ({ change, marks }) => {
    expect(judgeContamination({ ...QUIET, ...change }).marks).toEqual(marks);
  });

  test('gives shares of the window, or null where they cannot be known', () => {
    const seen = judgeContamination({
      ...QUIET,
      cpuStat: [stat([1000, 0], [1000, 0]), stat([1100, 1], [1100, 0])],
      cpuPressure: [pressure(1000), pressure(251_000)],
    });
    expect(seen).toEqual({
      stealShare: 1 / 200,
      cpuPressureShare: 0.25,
      othersShare: null,
      throttledShare: null,
      marks: [],
    });
    const blind = { cpuStat: ['', ''], cpuPressure: ['', pressure(5)] } as const;
    expect(judgeContamination({ ...QUIET, ...blind })).toEqual({
      stealShare: null,
      cpuPressureShare: null,
      othersShare: null,
      throttledShare: null,
      marks: [],
    });
  });

  describe('tells what others took of a side', () => {
    /** A second of CPU 0 (client) and CPU 1 (server), by idle, irq, softirq and stolen ticks. */
    const second = (
      ...cpus: readonly (readonly [idle: number, irq: number, softirq: number, steal: number])[]
    ) => {
      const line = (values: readonly number[], cpu: number) => {
        const [idle = 0, irq = 0, softirq = 0, steal = 0] = values;
        return `cpu${cpu} ${100 - idle - irq - softirq - steal} 0 0 ${idle} 0 ${irq} ${softirq} ${steal} 0 0`;
      };
      const before = cpus.map((_, cpu) => line([], cpu).replace('100', '0')).join('\n');
      return [before, cpus.map(line).join('\n')] as const;
    };
    const sides = [
      { who: 'the client', cpus: [0], ownCpuNs: 0.5 * WINDOW_NS },
      { who: 'the server', cpus: [1], ownCpuNs: 0.5 * WINDOW_NS },
    ];
    const judged = (change: Partial<DisturbanceReadings>) =>
      judgeContamination({ ...QUIET, sides, ...change });

    test('as the time that was neither idle nor its own', () => {
      const seen = judged({ cpuStat: second([50, 0, 0, 0], [20, 0, 0, 0]) });
      expect(seen.othersShare).toBeCloseTo(0.3);
      expect(seen.marks).toEqual(['others took 30.0 % of the CPU time of the server']);
    });
    test('not counting what the hypervisor took twice', () => {
      const seen = judged({ cpuStat: second([50, 0, 0, 0], [20, 0, 0, 30]) });
      expect(seen.othersShare).toBeCloseTo(0);
    });
    test('counting interrupts as its own where the kernel does', () => {
      const cpuStat = second([50, 0, 0, 0], [20, 10, 20, 0]);
      expect(judged({ cpuStat }).othersShare).toBeCloseTo(0.3);
      expect(judged({ cpuStat, interruptsApart: true }).othersShare).toBeCloseTo(0);
    });
    test('and marks no share that the ticks cannot carry', () => {
      const short = { filesNs: WINDOW_NS / 10, cpuStat: second([5, 0, 0, 0], [5, 0, 0, 0]) };
      const own = { ...sides[1], who: 'the server', cpus: [1], ownCpuNs: 0.0301 * WINDOW_NS };
      const seen = judged({ ...short, sides: [own] });
      expect(seen.othersShare).toBeCloseTo(0.199);
      expect(seen.marks).toEqual([]);
    });
    test('as what both the idle time and the tick say: waking up and going to sleep is nobody else', () => {
      // Idle for 20 ticks only, although the tick found tasks at work no more than the server's own 50.
      const before = 'cpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0';
      const after = 'cpu0 50 0 0 50 0 0 0 0 0 0\ncpu1 50 0 0 20 0 0 0 0 0 0';
      expect(judged({ cpuStat: [before, after] }).othersShare).toBeCloseTo(0);
    });
    test('to the nanosecond where the scheduler counts', () => {
      const schedstat = ['cpu0 0 0 0 0 0 0 100 9 9\ncpu1 0 0 0 0 0 0 200 9 9', ''] as [string, string];
      schedstat[1] = 'cpu0 0 0 0 0 0 0 500000100 9 9\ncpu1 0 0 0 0 0 0 560000200 9 9';
      const seen = judged({ cpuStat: second([50, 0, 0, 0], [50, 0, 0, 0]), schedstat });
      expect(seen.othersShare).toBeCloseTo(0.06);
      expect(seen.marks).toEqual(['others took 6.0 % of the CPU time of the server']);
    });
    test('for nobody whose CPUs are not all told', () => {
      const seen = judged({ sides: [{ who: 'the server', cpus: [1, 7], ownCpuNs: 0 }] });
      expect(seen.othersShare).toBeNull();
    });
  });

  test('tells how often a CPU quota stopped the run', () => {
    const stat = (periods: number, throttled: number) =>
      `usage_usec 1\nnr_periods ${periods}\nnr_throttled ${throttled}\nthrottled_usec 5\n`;
    const seen = judgeContamination({
      ...QUIET,
      quotas: [
        [stat(4, 2), stat(40, 37)],
        [stat(9, 9), stat(19, 9)],
      ],
    });
    expect(seen.throttledShare).toBeCloseTo(35 / 36);
    expect(seen.marks).toEqual(['the CPU quota of its cgroup stopped it in 35 of 36 periods']);
    expect(judgeContamination({ ...QUIET, quotas: [['', '']] }).throttledShare).toBeNull();
  });

  test('needs no time to have passed in a CPU', () => {
    const still = { cpuStat: [stat([1000, 5], [1000, 5]), stat([1000, 5], [1000, 5])] } as const;
    expect(judgeContamination({ ...QUIET, ...still }).stealShare).toBeNull();
  });

  test('has a limit for stolen ticks that their length of 10 ms can carry', () => {
    expect(CONTAMINATION_LIMITS.stealTicksMin).toBeGreaterThanOrEqual(2);
  });
});
