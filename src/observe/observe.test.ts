import { describe, expect, test } from 'vitest';
import { fakeClientThread, fakeLatency, fakeReport } from '../fixtures/load.ts';
import type { LoadEdge, LoadReport } from '../load/generator.ts';
import { findModel } from '../models/registry.ts';
import type { ModelSpec } from '../models/spec.ts';
import { observationSchema } from '../results/schema.ts';
import { NS_PER_MS } from '../util/units.ts';
import { observe, type TrialReadings } from './observe.ts';
import { edgeFilesOf } from './procfs.ts';

const PID = 4242;
const FILES = edgeFilesOf(PID);
const MEASURE_NS = 100 * NS_PER_MS;

function model(id: string): ModelSpec {
  const found = findModel(id);
  if (!found) throw new Error(`no model ${id}`);
  return found;
}

interface Change {
  readonly report?: Partial<Omit<LoadReport, 'start' | 'end'>>;
  readonly start?: Partial<LoadEdge>;
  readonly end?: Partial<LoadEdge>;
  readonly trial?: Partial<TrialReadings>;
}

function observed({ report, start, end, trial }: Change = {}) {
  return observe({
    report: fakeReport(
      { measureNs: MEASURE_NS },
      { ...report, ...(start ? { start } : {}), ...(end ? { end } : {}) },
    ),
    model: model('epoll-lt'),
    serverPid: PID,
    serverCpus: [1],
    clientCpus: [0],
    cpusAllowed: 4,
    irqTimeAccounting: false,
    quotaFiles: [],
    guest: null,
    isPaced: false,
    serverCongestion: 'reno',
    ...trial,
  });
}

describe('observe', () => {
  test('turns a report into what the trial measured', () => {
    expect(observed()).toMatchInlineSnapshot(`
      {
        "accountedNs": 100000000,
        "client": {
          "cpuNs": 25000000,
          "cpuNsPerRequest": 2777777.777777778,
          "runDelayNs": null,
          "syscalls": 30,
          "threads": [
            {
              "accounted": 9,
              "active": 2,
              "connections": 2,
              "cpu": null,
              "cpuNs": 25000000,
              "runDelayNs": null,
              "utilisation": 0.25,
            },
          ],
          "utilisation": 0.25,
          "wakeups": 10,
        },
        "congestion": {
          "client": "reno",
          "server": "reno",
        },
        "connectNs": 5000,
        "contamination": {
          "cpuPressureShare": null,
          "marks": [],
          "othersShare": null,
          "stealShare": null,
          "throttledShare": null,
        },
        "file": null,
        "pathLength": null,
        "requests": {
          "accounted": 9,
          "bytesVerified": 576,
          "completed": 8,
          "connectionErrors": 0,
          "connectionsChurned": 0,
          "drained": 1,
          "dueUnsent": 0,
          "errors": 1,
          "inFlightAtDeadline": 1,
          "sent": 10,
          "warmup": 3,
        },
        "response": {
          "count": 9,
          "histogram": [
            10,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
          ],
          "maxNs": 18,
          "minNs": 10,
          "sumNs": 126,
        },
        "saturation": "neither",
        "server": {
          "acceptedByWorker": null,
          "contextSwitchesPerRequest": 2,
          "counters": {
            "idle_wakeups": 1,
            "wakeups": 10,
          },
          "cpuNs": 50000000,
          "cpuNsPerRequest": 5555555.555555556,
          "hardware": null,
          "involuntarySwitches": 3,
          "kernelThreads": null,
          "processes": null,
          "rssMaxBytes": null,
          "runDelayNs": null,
          "setup": {
            "accept4": 2,
            "read": 10,
          },
          "setupPerConnection": null,
          "softirqShare": null,
          "syscalls": {
            "read": 9,
            "write": 9,
          },
          "syscallsPerRequest": 2,
          "threads": null,
          "utilisation": 0.5,
          "voluntarySwitches": 15,
          "wakeupsPerConnection": null,
        },
        "service": null,
        "throughputPerS": 80,
        "warnings": [
          "1 request failed",
        ],
        "windowNs": 100000000,
      }
    `);
  });

  test('tells set-up calls per connection that was opened before the load', () => {
    const setup = { accepted: 4, bytes_in: 0, 'sys.accept4': 8, 'sys.epoll_ctl': 4, 'sys.recvfrom': 0 };
    expect(observed({ report: { setup } }).server.setupPerConnection).toEqual({ accept4: 2, epoll_ctl: 1 });
    expect(observed({ report: { setup: { accepted: 0 } } }).server.setupPerConnection).toBeNull();
  });

  test("tells what io_uring's kernel threads used in the window, where they were asked for", () => {
    const { kernelThreads } = observed({
      start: { kernelThreads: { threads: 1, sqpCpuNs: 100, wrkCpuNs: 50 } },
      end: { kernelThreads: { threads: 1, sqpCpuNs: 700, wrkCpuNs: 20 } },
    }).server;
    expect(kernelThreads).toEqual({ sqpCpuNs: 600, workerCpuNs: 0 });
  });

  test('has the stored shape', () => {
    expect(observationSchema.parse(observed())).toEqual(observed());
  });

  test('accounts for every request: sent = completed + errors + in flight', () => {
    const { requests } = observed();
    expect(requests.sent).toBe(requests.completed + requests.errors + requests.inFlightAtDeadline);
    expect(requests.accounted).toBe(requests.completed + requests.drained);
  });

  test('divides throughput by the window, and costs by everything that was answered between the edges', () => {
    const seen = observed({ report: { windowNs: 80 * NS_PER_MS } });
    expect(seen.throughputPerS).toBe(8 / 0.08);
    expect(seen.accountedNs).toBe(MEASURE_NS);
    expect(seen.server.cpuNsPerRequest).toBe(MEASURE_NS / 2 / 9);
  });

  test('counts system calls by the kernel name, and only those of the window', () => {
    const { server } = observed();
    expect(server.syscalls).toEqual({ read: 9, write: 9 });
    expect(server.syscallsPerRequest).toBe(2);
    expect(server.setup).toEqual({ accept4: 2, read: 10 });
    expect(server.counters).toEqual({ wakeups: 10, idle_wakeups: 1 });
  });

  test('takes a counter that is new at the end as counted from zero', () => {
    const { server } = observed({ start: { counters: {} }, end: { counters: { 'sys.read': 5 } } });
    expect(server.syscalls).toEqual({ read: 5 });
  });

  test('keeps the service times only where they differ from the response times', () => {
    expect(observed().service).toBeNull();
    const service = fakeLatency([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(observed({ report: { service } }).service).toMatchObject({
      count: 9,
      minNs: 1,
      maxNs: 9,
      sumNs: 45,
    });
    const sameSum = fakeLatency([9, 12, 12, 13, 14, 15, 16, 17, 18]);
    expect(observed({ report: { service: sameSum } }).service).not.toBeNull();
  });

  test.each([
    ['nothing was answered', { completed: 0, drained: 0 }],
    ['the window has no length', { windowNs: 0 }],
  ])('refuses a report in which %s', (_title, report) => {
    expect(() => observed({ report })).toThrow('no request was answered in the window');
  });

  test('is content with answers that all came after the deadline', () => {
    const late = observed({
      report: { completed: 0, drained: 1, errors: 0, sent: 1, inFlightAtDeadline: 1 },
    });
    expect([late.throughputPerS, late.requests.accounted]).toEqual([0, 1]);
  });

  describe('the share of its CPUs that the server used', () => {
    const cases: [title: string, id: string, serverCpus: number[] | null, share: number][] = [
      ['of a server with one task is of one CPU', 'epoll-lt', [1], 0.5],
      ['of a server with one task is of one CPU, however many it has', 'epoll-lt', [1, 2, 3], 0.5],
      ['of a server with one task is of one CPU, where nothing is pinned', 'epoll-lt', null, 0.5],
      ['of a server with a kernel thread is of two CPUs', 'io_uring-sqpoll', [1, 2, 3], 0.25],
      ['of a server with a kernel thread on one CPU is of that', 'io_uring-sqpoll', [1], 0.5],
      ['of a server with many tasks is of all that it has', 'blocking', [1, 2], 0.25],
      [
        'of a server with many tasks is of all that there are, where nothing is pinned',
        'blocking',
        null,
        0.125,
      ],
    ];
    test.each(cases)('%s', (_title, id, serverCpus, share) => {
      expect(observed({ trial: { model: model(id), serverCpus } }).server.utilisation).toBe(share);
    });
  });

  test('names the limit: a server that spins must have found work', () => {
    const busy = { serverCpuNs: 50 * NS_PER_MS + MEASURE_NS };
    const counters = (idle: number) => ({ wakeups: 110, idle_wakeups: idle });
    const nonblocking = { model: model('nonblocking') };
    expect(observed({ end: busy }).saturation).toBe('server');
    expect(observed({ end: { ...busy, counters: counters(5) }, trial: nonblocking }).saturation).toBe(
      'server',
    );
    expect(observed({ end: { ...busy, counters: counters(90) }, trial: nonblocking }).saturation).toBe(
      'neither',
    );
    const threads = (...cpuNs: number[]) => ({
      clientThreads: cpuNs.map((ns) => fakeClientThread({ cpuNs: ns })),
    });
    expect(observed({ report: threads(MEASURE_NS) }).saturation).toBe('client');
    expect(observed({ report: threads(MEASURE_NS), end: busy }).saturation).toBe('both');
    // One of several is full: it holds its share of the connections back.
    expect(observed({ report: threads(0, MEASURE_NS, 0) }).saturation).toBe('client');
    expect(observed({ report: threads(0.5 * MEASURE_NS, 0.8 * MEASURE_NS) }).saturation).toBe('neither');
    // Where its CPU was taken from it, it is what it could not use that counts.
    const waited = fakeClientThread({ cpuNs: 0.25 * MEASURE_NS, runDelayNs: 0.7 * MEASURE_NS });
    expect(observed({ report: { clientThreads: [waited] } }).saturation).toBe('client');
  });

  test('stores what each thread of the client had and did, and adds nothing up twice', () => {
    const clientThreads = [
      fakeClientThread({
        cpu: 0,
        connections: 3,
        active: 2,
        completed: 5,
        drained: 1,
        cpuNs: 0.5 * MEASURE_NS,
      }),
      fakeClientThread({ cpu: 2, connections: 2, active: 1, completed: 3, drained: 0, runDelayNs: 700 }),
    ];
    const { client } = observed({ report: { clientThreads }, trial: { clientCpus: [0, 2, 3] } });
    expect(client.threads).toMatchObject([
      { cpu: 0, connections: 3, active: 2, accounted: 6, utilisation: 0.5, runDelayNs: null },
      { cpu: 2, connections: 2, active: 1, accounted: 3, utilisation: 0, runDelayNs: 700 },
    ]);
    expect(client).toMatchObject({ utilisation: 0.5, runDelayNs: 700, cpuNs: MEASURE_NS / 4 });
  });

  test('knows that client and server share a CPU only where a thread ran on it', () => {
    const full = { end: { serverCpuNs: 50 * NS_PER_MS + 0.7 * MEASURE_NS } };
    const on = (cpu: number) => ({ clientThreads: [fakeClientThread({ cpu, cpuNs: 0.25 * MEASURE_NS })] });
    const trial = { serverCpus: [1], clientCpus: [0, 1] };
    expect(observed({ ...full, report: on(0), trial }).saturation).toBe('neither');
    expect(observed({ ...full, report: on(1), trial }).saturation).toBe('client');
  });

  describe('what it reads from files', () => {
    const before = { [FILES.serverSchedstat]: '1 1000 1' };
    const after = {
      [FILES.serverSchedstat]: '9 6001000 9',
      [FILES.serverStatus]: 'VmHWM:\t2048 kB\nThreads:\t3\n',
    };
    const both: Change = { start: { files: before }, end: { files: after } };

    test('are threads, peak memory and run delays', () => {
      const { server } = observed(both);
      expect(server).toMatchObject({ threads: 3, rssMaxBytes: 2048 * 1024, runDelayNs: 6 * NS_PER_MS });
    });

    test('is null where a file is missing at an edge', () => {
      const { server, client } = observed({ start: { files: before } });
      expect(server).toMatchObject({ threads: null, rssMaxBytes: null, runDelayNs: null });
      expect(client.runDelayNs).toBeNull();
    });

    const marked = ['the server waited for its CPU 6.0 % of the time'];
    const cases: [title: string, trial: Partial<TrialReadings>, marks: string[]][] = [
      ['marks a server that waited for a CPU of its own', {}, marked],
      ['marks nothing where client and server share a CPU', { serverCpus: [0, 1] }, []],
      ['marks nothing where nothing is pinned', { serverCpus: null, clientCpus: null }, []],
      ['marks nothing where the tasks of a server wait for each other', { model: model('blocking') }, []],
    ];
    test.each(cases)('%s', (_title, trial, marks) => {
      expect(observed({ ...both, trial }).contamination.marks).toEqual(marks);
    });
  });

  describe('warnings', () => {
    const counted = (name: string, value: number): Change => ({
      end: { counters: { accepted: 2, [name]: value } },
    });
    const cases: [change: Change, warnings: string[]][] = [
      [{ report: { errors: 0 } }, []],
      [{}, ['1 request failed']],
      [counted('cq_overflows', 3), ['3 completions overflowed the CQ', '1 request failed']],
      [counted('signal_overflows', 2), ['the signal queue overflowed 2 times', '1 request failed']],
      [counted('refused', 4), ['4 connections were refused', '1 request failed']],
      [
        { report: { errors: 0, dueUnsent: 7 } },
        [
          'requests were due and never sent: the offered rate was not achieved; in the response times they count with what they had waited',
        ],
      ],
      [
        { report: { errors: 0 }, end: { sample: null } },
        ['the server did not answer for its context switches'],
      ],
      [
        { report: { errors: 0 }, start: { sample: null } },
        ['the server did not answer for its context switches'],
      ],
      [
        { report: { errors: 0 }, trial: { model: model('io_uring-sqpoll') } },
        ['the kernel thread that polls shares one CPU with the server; give it two with --server-cpus'],
      ],
      [
        { report: { errors: 0 }, trial: { model: model('io_uring-sqpoll'), cpusAllowed: 2 } },
        [
          'the kernel thread that polls shares one CPU with the server; with 2 CPUs to run on, this host has none to give it',
        ],
      ],
      [{ report: { errors: 0 }, trial: { model: model('io_uring-sqpoll'), serverCpus: [1, 2] } }, []],
    ];
    test.each(cases)('%#: %j', (change, warnings) => {
      expect(observed(change).warnings).toEqual(warnings);
    });

    test('a server that did not answer has no context switches, rather than none', () => {
      expect(observed({ end: { sample: null } }).server).toMatchObject({
        voluntarySwitches: null,
        involuntarySwitches: null,
        contextSwitchesPerRequest: null,
      });
    });
  });
});

describe('In a guest, the clock says how many instructions were executed', () => {
  const times = observed();
  const inGuest = (trial: NonNullable<Change['trial']>) => observed({ trial });
  test.each([
    [
      'with one CPU',
      { guest: { clock: 'icount', smp: 1 } },
      { total: times.accountedNs, server: times.server.cpuNs, client: times.client.cpuNs },
    ],
    [
      'with two CPUs, of which one waits while the other executes',
      { guest: { clock: 'icount', smp: 2 } },
      { total: times.accountedNs, server: null, client: null },
    ],
    [
      'where requests are due at a rate, and the clock jumps',
      { guest: { clock: 'icount', smp: 1 }, isPaced: true },
      { total: null, server: times.server.cpuNs, client: times.client.cpuNs },
    ],
    [
      'where the row spins',
      { guest: { clock: 'icount', smp: 1 }, model: { ...model('epoll-lt'), spins: true } },
      { total: null, server: null, client: null },
    ],
    [
      'where no clock counts',
      { guest: { clock: 'tcg', smp: 1 } },
      { total: null, server: null, client: null },
    ],
    ['by KVM', { guest: { clock: 'kvm', smp: 1 } }, null],
  ] as const)('%s', (_, trial, pathLength) => {
    expect(inGuest(trial).pathLength).toEqual(pathLength);
  });

  test('nobody is the limit, and nobody can disturb', () => {
    const { saturation, contamination } = inGuest({ guest: { clock: 'icount', smp: 1 } });
    expect({ saturation, marks: contamination.marks }).toEqual({ saturation: 'neither', marks: [] });
  });
});
