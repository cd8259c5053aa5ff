import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { renderDocument } from '../render/terminal.ts';
import { runReport } from './run.ts';

test.each([160, 120, 100, 80])('A run fits %i columns', (width) => {
  const lines = renderDocument(runReport(fixtureRun()), { width, color: false }).split('\n');
  expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
});

test('One block is not said to be several', () => {
  const run = fixtureRun();
  const trials = run.trials.filter(({ block }) => block === 0).slice(0, 1);
  const timing = {
    wallMs: 1000,
    loadMs: 500,
    loadShare: 0.5,
    measuredShare: null,
    blocks: 1,
    repeatBlocks: 0,
  };
  const text = renderDocument(runReport({ ...run, trials, record: { ...run.record, timing } }), {
    width: 160,
    color: false,
  });
  expect(text).toContain('\n1 block of 300 ms trials');
  expect(text).toContain('\n1 trial measured, 1 of them clean');
  expect(text).not.toMatch(/(?<![\d.,])1 \w+s\b(?<!\b1 (is|was|has|ns|ms|times))/);
});

test('At 80 columns it is still said who was the limit', () => {
  const text = renderDocument(runReport(fixtureRun()), { width: 80, color: false });
  expect(text.match(/^ *# .* limit /gm)).toHaveLength(2);
  expect(text.match(/left out at 80 columns: .*/g)?.join()).not.toContain('limit');
});

test('Colour changes nothing but colour', () => {
  const plain = renderDocument(runReport(fixtureRun()), { width: 120, color: false });
  const colored = renderDocument(runReport(fixtureRun()), { width: 120, color: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what colour is made of
  const escapes = /\u001b\[\d+m/g;
  expect(colored).toMatch(escapes);
  expect(plain).not.toMatch(escapes);
  expect(colored.replace(escapes, '')).toBe(plain);
});

describe('A whole run', () => {
  test('At 120 columns every column is there', () => {
    expect(renderDocument(runReport(fixtureRun()), { width: 120, color: false })).toMatchInlineSnapshot(`
      "Run 20250101-000000-fixture
      Linux 6.12.1 · 2 × Example CPU @ 2.50GHz · 4 GiB · in kvm, docker
      server on CPU 0 · client on CPU 1 · governor unknown · SMT off · clock tsc
      6 blocks of 300 ms trials after 80 ms warm-up · seed 42 · reference epoll-lt

      many-connections: 200 connections, all active, 64 B (closed loop)
       #  model      req/s     p50     p99   p99.9  CPU ns  sysc.  ctxsw  thr.   peak  limit   throughput,
                                                      /req   /req   /req          RSS          times epoll-lt
       1  epoll-lt  152.5k  1.12ms  1.83ms  2.27ms   6,378   2.05  0.012     1  2.20M  server  reference
       =  epoll-et  152.0k  1.12ms  1.84ms  2.29ms   6,400   2.04  0.012     1  2.20M  server  0.993 [0.962–1.024]
       3  select     98.3k  1.73ms  2.84ms  3.53ms   9,869   2.10  0.012     1  2.20M  server  0.645 [0.632–0.658]
      c1  io_uring  196.0k   866µs  1.43ms  1.77ms   4,100   0.11  0.020     1  6.50M  client  CPU 1.559 [1.515–1.605]
        The client was the limit of io_uring: not ranked by throughput, but by requests per server CPU time.
        No difference shown to epoll-lt: epoll-et.
        select: 1 of 6 trials failed: load: the server ended with SIGKILL

      fixed-rate: 20,000/s over 100 of 2,000 connections, 64 B (open loop)
      #  model     req/s     p50     p99   p99.9  CPU ns  sysc.  ctxsw  thr.   peak  limit    requests per CPU time,
                                                    /req   /req   /req          RSS           times epoll-lt
      1  io_uring  20.0k  20.9µs  34.4µs  41.9µs   4,084   0.11  0.021     1  6.50M  neither  1.568 [1.530–1.607]
      2  epoll-lt  20.0k  32.6µs  53.9µs  65.2µs   6,401   2.05  0.013     1  2.20M  neither  reference
      =  epoll-et  20.0k  32.6µs  53.9µs  65.2µs   6,400   2.04  0.013     1  2.20M  neither  1.000 [0.967–1.032]
      -  select                                                                               skipped
        The rate is given: rows are ranked by requests per server CPU time, not by throughput.
        No difference shown to epoll-lt: epoll-et.
        select: skipped: holds at most 1016 connections, the workload needs 2000

      = no difference shown: the 95 % interval covers 1
      In a closed loop the client waits for replies: response time is service time, and a slow server is asked less. Only
      open-loop workloads show latency at a given rate.

      System calls are the servers' own counts; run --audit checks them with the kernel's tracepoints and strace.
      41 trials measured, 39 of them clean: the others are stored, and left out where enough are clean; 1 failed
      76 % of the 23.0 s wall time was load: 13 % warm-up, 63 % measured"
    `);
  });

  test('At 80 columns what matters most stays, and the rest is named', () => {
    expect(renderDocument(runReport(fixtureRun()), { width: 80, color: false })).toMatchInlineSnapshot(`
      "Run 20250101-000000-fixture
      Linux 6.12.1 · 2 × Example CPU @ 2.50GHz · 4 GiB · in kvm, docker
      server on CPU 0 · client on CPU 1 · governor unknown · SMT off · clock tsc
      6 blocks of 300 ms trials after 80 ms warm-up · seed 42 · reference epoll-lt

      many-connections: 200 connections, all active, 64 B (closed loop)
       #  model      req/s     p99  CPU ns  sysc.  limit   throughput,
                                      /req   /req          times epoll-lt
       1  epoll-lt  152.5k  1.83ms   6,378   2.05  server  reference
       =  epoll-et  152.0k  1.84ms   6,400   2.04  server  0.993 [0.962–1.024]
       3  select     98.3k  2.84ms   9,869   2.10  server  0.645 [0.632–0.658]
      c1  io_uring  196.0k  1.43ms   4,100   0.11  client  CPU 1.559 [1.515–1.605]
        left out at 80 columns: p50, p99.9, ctxsw/req, thr., peak RSS
        The client was the limit of io_uring: not ranked by throughput, but by
        requests per server CPU time.
        No difference shown to epoll-lt: epoll-et.
        select: 1 of 6 trials failed: load: the server ended with SIGKILL

      fixed-rate: 20,000/s over 100 of 2,000 connections, 64 B (open loop)
      #  model     req/s     p99  CPU ns  sysc.  limit    requests per CPU time,
                                    /req   /req           times epoll-lt
      1  io_uring  20.0k  34.4µs   4,084   0.11  neither  1.568 [1.530–1.607]
      2  epoll-lt  20.0k  53.9µs   6,401   2.05  neither  reference
      =  epoll-et  20.0k  53.9µs   6,400   2.04  neither  1.000 [0.967–1.032]
      -  select                                           skipped
        left out at 80 columns: p50, p99.9, ctxsw/req, thr., peak RSS
        The rate is given: rows are ranked by requests per server CPU time, not by
        throughput.
        No difference shown to epoll-lt: epoll-et.
        select: skipped: holds at most 1016 connections, the workload needs 2000

      = no difference shown: the 95 % interval covers 1
      In a closed loop the client waits for replies: response time is service time,
      and a slow server is asked less. Only open-loop workloads show latency at a
      given rate.

      System calls are the servers' own counts; run --audit checks them with the
      kernel's tracepoints and strace.
      41 trials measured, 39 of them clean: the others are stored, and left out where
      enough are clean; 1 failed
      76 % of the 23.0 s wall time was load: 13 % warm-up, 63 % measured"
    `);
  });
});

describe('A run that did not end well', () => {
  const { record } = fixtureRun();

  test('Interrupted before the first trial, it still shows its plan', () => {
    const text = renderDocument(
      runReport({
        record: { ...record, status: 'interrupted', timing: null },
        trials: [],
        calibrations: [],
        problems: [],
      }),
      { width: 80, color: false },
    );
    expect(text).toContain('(interrupted: what was measured until then)');
    expect(text).toContain('not run');
    expect(text).toContain('0 trials measured');
  });

  test('Warnings and lines that could not be read are told once each', () => {
    const text = renderDocument(
      runReport({
        ...fixtureRun(),
        record: { ...record, warnings: ['not pinned', 'not pinned'] },
        problems: ['trials.ndjson: line 12 is cut short'],
      }),
      { width: 80, color: false },
    );
    expect(text.split('\n').filter((line) => line.startsWith('warning: '))).toEqual([
      'warning: not pinned',
      'warning: trials.ndjson: line 12 is cut short',
    ]);
  });
});
