import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HELPERS_DIR } from '../build/package.ts';
import { buildProbes, type ProbesProgram } from '../build/probes.ts';
import { READINGS } from '../fixtures/guide-evidence.ts';
import { listProbes, runProbes } from '../probes/run-probes.ts';
import type { Observation, ProbeInfo, ProbeValue } from '../probes/schema.ts';

/** A million watches and thousands of threads: seconds of CPU each, and the others together are hardly more. */
const HEAVY = ['blocked-threads', 'epoll-watches'];
const ALL_TIMEOUT_MS = 400_000;

let program: ProbesProgram;
let known: ProbeInfo[];
let observations: Map<string, Observation>;
beforeAll(async () => {
  program = await buildProbes();
  known = await listProbes({ program });
  const ids = known.map(({ id }) => id).filter((id) => !HEAVY.includes(id));
  const all = await runProbes({ ids, program });
  observations = new Map(all.map((observation) => [observation.probe, observation]));
}, ALL_TIMEOUT_MS);

describe('the behaviour probes', () => {
  test('are those that register themselves in a file of the folder, in the order of their ids', async () => {
    const folder = join(HELPERS_DIR, 'probes');
    const files = (await readdir(folder)).filter((name) => name.endsWith('.c'));
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
    const registered = texts.flatMap((text) =>
      [...text.matchAll(/^PROBE\(\.id = "([^"]+)"/gm)].map(([, id]) => id),
    );
    const ids = known.map(({ id }) => id);
    expect(ids).toEqual(registered.sort());
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('stand in the table of docs/probes.md, with their titles', async () => {
    const page = await readFile(join(HELPERS_DIR, '../docs/probes.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| (.*) \|$/gm)].map(([, id, title]) => ({
      id,
      title,
    }));
    const outcomes = ['observed', 'unsupported', 'failed'];
    expect(rows.filter(({ id }) => !outcomes.includes(id ?? ''))).toEqual(
      known.map(({ id, title }) => ({ id, title })),
    );
  });

  test('say what each of their values means, and no two alike', () => {
    for (const { id, title, values } of known) {
      expect(title, id).not.toBe('');
      expect(values, id).not.toEqual([]);
      expect(new Set(values.map(({ name }) => name)).size, id).toBe(values.length);
      expect(
        values.filter(({ text }) => text === ''),
        id,
      ).toEqual([]);
    }
  });

  test('declare what the tables of the guide read of them', () => {
    const read = READINGS.flatMap((reading) =>
      reading.kind === 'seen' ? reading.shows.map(({ value }) => `${reading.probe} ${value}`) : [],
    );
    const declared = new Set(known.flatMap(({ id, values }) => values.map(({ name }) => `${id} ${name}`)));
    expect(read.length).toBeGreaterThan(50);
    expect(read.filter((name) => !declared.has(name))).toEqual([]);
  });

  test('all end with an observation or a reason', () => {
    const broken = [...observations.values()].filter(({ outcome }) => outcome === 'failed');
    expect(broken).toEqual([]);
    const silent = [...observations.values()].filter(
      ({ outcome, reason }) => outcome === 'unsupported' && !reason,
    );
    expect(silent).toEqual([]);
  });

  test('observe the values that they declare, with their types', () => {
    for (const { id, values } of known) {
      const observation = observations.get(id);
      if (observation?.outcome !== 'observed') continue;
      const seen = Object.entries(observation.values);
      for (const [name, value] of seen)
        expect(typeof value, `${id} ${name}`).toBe(values.find((info) => info.name === name)?.type);
      const missing = values.filter(({ name, optional }) => !optional && !(name in observation.values));
      expect(missing, id).toEqual([]);
    }
  });
});

/** What holds on every Linux that a helper compiles on, whatever it is configured to. */
const CERTAIN: Readonly<Record<string, Readonly<Record<string, ProbeValue>>>> = {
  'accept-nonblock': { acceptInherits: false, accept4Sets: true },
  'edge-echo-sample': {
    blockingFirst: true,
    blockingOther: false,
    nonblockFirst: true,
    nonblockEofAfter: true,
    nonblockOther: true,
  },
  'epoll-add-ready': { addLevel: 1, addEdge: 1, modLevel: 1, modEdge: 1 },
  'epoll-edge': {
    first: 4,
    again: 0,
    afterPartialRead: 0,
    newDataTcp: true,
    newDataUnix: true,
    coalesced: 1,
  },
  'epoll-errors': { addTwice: 'EEXIST', addDup: 'ok', addClosed: 'EBADF', modUnknown: 'ENOENT' },
  'epoll-fd-kinds': { regularFile: 'EPERM', directory: 'EPERM', tcp: 'ok', pipe: 'ok', epoll: 'ok' },
  'epoll-fork': { childSaw: true, parentSawChildWatch: true, keptByExec: false, keptByExecWithout: true },
  'epoll-key': { secondAdd: 'ok', watchesOfNumber: 2, closedWithDup: 1, closedLast: 0 },
  'epoll-level': { reports: 3, afterPartialRead: 1, afterDrain: 0 },
  'epoll-listener-edge': { firstWait: 1, secondWait: 0, laterWait: 1, acceptable: 10, levelSecondWait: 1 },
  'epoll-oneshot': { first: 1, again: 0, newData: 0, addAgain: 'EEXIST', afterMod: 1 },
  'epoll-ready-list': {
    distinctLevel: 100,
    nextLevel: 10,
    distinctEdge: 100,
    nextEdge: 0,
    eventsOneWait: 100,
  },
  'poll-limits': { beyondBefore: 'ok', atLimit: 'ok', beyondLimit: 'EINVAL' },
  'reuseport-distribution': { sameListener: 1 },
  'select-beyond': { fdSetBits: 1024, reported: true },
  'select-sets': { readyCount: 1, setClobbered: true, bytes64: 8, pollBytesPerFd: 8, pollEventsKept: true },
  'sigio-plain': { fds: 20, delivered: 1, siFdRight: 0 },
  'sigio-realtime': {
    fds: 20,
    delivered: 20,
    siFdRight: 20,
    unreadAgain: 0,
    unreadNewData: 1,
    ownerThread: true,
  },
  'thread-argument-race': { controlLost: 0, controlDoubled: 0 },
  'uring-rings': { enterCalls: 1, otherCalls: 0, sqHeadMoved: 64, cqTailMoved: 64, noGeteventsAtOnce: true },
  'uring-setup': { sqEntries: 256, cqEntries: 512, sqeBytes: 64, cqeBytes: 16 },
  'link-fd': { opened: true, read: -9, close: -125, leaked: true },
  'link-short-read': { first: 5, second: -125, third: -125, hardSecond: 0, errorSecond: -125 },
};

test.for(Object.entries(CERTAIN))('%s observes what no kernel can differ in', ([id, certain], { skip }) => {
  const observation = observations.get(id);
  if (observation?.outcome === 'unsupported') skip(observation.reason);
  expect(observation?.values).toMatchObject(certain);
});

describe('the deadline of a probe', () => {
  test('is that of an idle machine, or the same multiple of it for all', () => {
    const deadlineOf = (id: string) => known.find((info) => info.id === id)?.deadlineMs ?? Number.NaN;
    const usual = deadlineOf('epoll-edge');
    expect(usual).toBeGreaterThanOrEqual(15_000);
    for (const [id, times] of [
      ['herd', 2],
      ['blocked-threads', 4],
    ] as const)
      expect(deadlineOf(id) / usual, id).toBeCloseTo(times, 2);
  });

  test('is kept by the program itself, also where the asker names it', async () => {
    const { stdout, exitCode } = await execa(program.path, ['thread-argument-race', '1'], { reject: false });
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'failed', reason: 'it did not end within 1 ms' });
    expect(exitCode).toBe(1);
  });

  test.each(['0', '-5', 'soon', '1x', '99999999999'])(
    'is a number of milliseconds, and not %s',
    async (text) => {
      const { stderr, exitCode } = await execa(program.path, ['epoll-edge', text], { reject: false });
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('usage: ')]);
    },
  );
});

describe('a program that does not behave', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iomodels-bench-probes-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const info = { id: 'one', title: 'One', deadlineMs: 50, values: [] };
  const runFake = async (body: string, ids: readonly string[] = ['one']) => {
    const path = join(folder, 'fake');
    await writeFile(path, `#!/bin/sh\n[ "$1" = --list ] && exec echo '${JSON.stringify(info)}'\n${body}\n`);
    await chmod(path, 0o755);
    return runProbes({ ids, program: { path, compiler: ['cc'] }, graceMs: 450 });
  };

  test.each([
    { what: 'says nothing', body: 'echo why >&2; exit 1', reason: 'it ended without an answer: why' },
    { what: 'answers no JSON', body: 'echo what', reason: /^it ended without an answer/ },
    {
      what: 'answers for another probe',
      body: `echo '{"probe":"two","outcome":"observed","values":{}}'`,
      reason: /^it ended without an answer/,
    },
    { what: 'says too much', body: 'exec yes', reason: /^it ended without an answer/ },
    { what: 'does not end', body: 'exec sleep 1000', reason: 'it did not end within 500 ms' },
  ])('that $what is a failed observation', async ({ body, reason }) => {
    const [observation] = await runFake(body);
    expect(observation).toMatchObject({ probe: 'one', outcome: 'failed', values: {} });
    expect(observation?.reason).toMatch(reason);
  });

  test('an id that it does not have is an error', async () => {
    await expect(runFake('', ['none'])).rejects.toThrow('there is no probe none');
  });
});

test('an abort ends it between and within probes', async () => {
  const abort = new AbortController();
  const begun: string[] = [];
  const running = runProbes({
    ids: ['wait-timeouts', 'epoll-level'],
    program,
    signal: abort.signal,
    onProgress: ({ id }) => {
      begun.push(id);
      abort.abort(new Error('enough'));
    },
  });
  await expect(running).rejects.toThrow('enough');
  expect(begun).toEqual(['wait-timeouts']);
});
