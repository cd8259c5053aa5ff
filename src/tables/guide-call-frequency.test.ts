import { describe, expect, test } from 'vitest';
import { guideRun } from '../claims/evidence.ts';
import type { Table } from '../document/document-schema.ts';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { withAudits } from '../fixtures/run.ts';
import { renderTable } from '../render/table.ts';
import type { RunResult } from '../results/schema.ts';
import { callFrequency, callFrequencyTable } from './guide-call-frequency.ts';

function tableOf(result: RunResult): Table {
  const run = guideRun(result);
  return callFrequencyTable(callFrequency(run), run);
}

test('Every row of the guide stands beside the calls of this host, by name', () => {
  expect(
    renderTable(tableOf(withAudits(fixtureGuideRun())), { width: 120, color: false }),
  ).toMatchInlineSnapshot(`
    "Call frequency by model: what the guide says, and system calls per request on this host (ping-pong, c10k,
    many-connections)
    model            the guide         1 open,                 10,000 open,            200 open,               counted by;
                                       1 active                1 % active              all active              audits
    blocking         “1–2 per I/O      2.00 calls/req,         2.00 calls/req,         2.00 calls/req,         the server
                     (read + write)”   recvfrom 1.00,          recvfrom 1.00,          recvfrom 1.00,          tracepoint
                     10k: “10,000      sendto 1.00,            sendto 1.00,            sendto 1.00,            agrees, 6/6
                     threads = 10k     CPU 9,015 ns/req,       CPU 9,015 ns/req,       CPU 8,986 ns/req,       strace
                     kernel objects”   2 threads               10,001 threads          201 threads             agrees, 6/6
    ───────────────  ────────────────  ──────────────────────  ──────────────────────  ──────────────────────  ───────────
    select           “1 per iteration  3.00 calls/req,         not on this             2.05 calls/req,         the server
                     (select/poll) +   pselect6 1.00,          kernel/program          recvfrom 1.00,          tracepoint
                     1–2 per active    recvfrom 1.00,          (FD_SETSIZE: holds at   sendto 1.00,            agrees, 4/4
                     FD”               sendto 1.00,            most 1016 connections)  pselect6 0.050,         strace
                     10k: “O(N) scan   CPU 6,493 ns/req                                CPU 6,511 ns/req        agrees, 4/4
                     all 10k each
                     iteration”
    ───────────────  ────────────────  ──────────────────────  ──────────────────────  ──────────────────────  ───────────
    poll             “1 per iteration  3.00 calls/req,         2.05 calls/req,         2.05 calls/req,         the server
                     (select/poll) +   poll 1.00,              recvfrom 1.00,          recvfrom 1.00,          tracepoint
                     1–2 per active    recvfrom 1.00,          sendto 1.00,            sendto 1.00,            agrees, 6/6
                     FD”               sendto 1.00,            poll 0.050,             poll 0.050,             strace
                     10k: “O(N) scan   CPU 6,294 ns/req        CPU 22,113 ns/req       CPU 6,291 ns/req        agrees, 6/6
                     all 10k each
                     iteration”
    ───────────────  ────────────────  ──────────────────────  ──────────────────────  ──────────────────────  ───────────
    epoll-lt         “1 (epoll_wait)   3.00 calls/req,         2.05 calls/req,         2.05 calls/req,         the server
                     + 1–2 per active  epoll_wait 1.00,        recvfrom 1.00,          recvfrom 1.00,          tracepoint
                     FD”               recvfrom 1.00,          sendto 1.00,            sendto 1.00,            agrees, 6/6
                     10k: “100 active  sendto 1.00,            epoll_wait 0.050,       epoll_wait 0.050,       strace
                     × (read+write) =  CPU 6,210 ns/req        CPU 6,196 ns/req        CPU 6,199 ns/req        agrees, 6/6
                     O(1) wait”
    ───────────────  ────────────────  ──────────────────────  ──────────────────────  ──────────────────────  ───────────
    epoll-et         “1 (epoll_wait)   3.00 calls/req,         2.05 calls/req,         2.05 calls/req,         the server
                     +                 epoll_wait 1.00,        recvfrom 1.00,          recvfrom 1.00,          tracepoint
                     drain-to-EAGAIN   recvfrom 1.00,          sendto 1.00,            sendto 1.00,            agrees, 6/6
                     per active FD”    sendto 1.00,            epoll_wait 0.050,       epoll_wait 0.050,       strace
                     10k: “Same, but   CPU 6,139 ns/req        CPU 6,159 ns/req        CPU 6,158 ns/req        agrees, 6/6
                     requires careful
                     drain loop”
    ───────────────  ────────────────  ──────────────────────  ──────────────────────  ──────────────────────  ───────────
    io_uring         “1 (submit        1.00 calls/req,         0.050 calls/req,        0.050 calls/req,        the server
                     batch) + 1 (CQ    io_uring_enter 1.00,    io_uring_enter 0.050,   io_uring_enter 0.050,   tracepoint
                     wait/polling)”    CPU 5,005 ns/req        CPU 4,991 ns/req        CPU 4,991 ns/req        agrees, 6/6
                     10k: “100 ops                                                                             strace
                     submitted in one                                                                          agrees, 6/6
                     syscall”
    ───────────────  ────────────────  ──────────────────────  ──────────────────────  ──────────────────────  ───────────
    io_uring-sqpoll  “0 for            0 calls/req,            0 calls/req,            0 calls/req,            the server
                     steady-state      CPU 7,402 ns/req        CPU 7,409 ns/req        CPU 7,411 ns/req        tracepoint
                     high-throughput”                                                                          agrees, 6/6
                     10k:                                                                                      strace
                     “Zero-syscall                                                                             agrees, 6/6
                     steady state”
      blocking: an echo is exactly two calls, one recv and one send, while a message fits one read. A thread is more than
      one kernel object: a task and its kernel stack (16 KiB on x86-64), beside the pages of its user stack.
      select: as poll, and it cannot hold the example: fd_set of libc ends at FD_SETSIZE (1,024); only longer bitmaps
      through the raw call go further.
      poll: 2 + 1/k calls per request where a wait finds k ready: 3 with one active. What grows with N is the work inside
      the wait, not the number of calls.
      epoll-lt: as many calls as poll, 2 + 1/k; a small maxevents costs more waits. What it saves is the scan inside the
      wait: only that is independent of N, the reads and writes are not.
      epoll-et: draining to EAGAIN is not the same: it adds a failing read to every wakeup, 4 calls instead of 3 with one
      active. This server stops at a short read, as epoll(7) allows for streams (Q&A 9), unless the event tells of a FIN, an
      error or urgent data, and so makes 3 as well.
      io_uring: one io_uring_enter both submits and waits: 1 per request with one active, not 1 + 1. With many active all
      that are ready share it, which may be fewer than 100.
      io_uring-sqpoll: zero only while the kernel thread is awake and the server polls the CQ: whichever sleeps costs a
      call. It is paid for with a kernel thread that spins on a CPU, which is part of the CPU per request."
  `);
});

test('Data for scripts: cells with figures, not texts', () => {
  const [blocking] = callFrequency(guideRun(fixtureGuideRun()));
  expect(blocking?.guide).toMatchObject({ model: 'blocking', calls: '1–2 per I/O (read + write)' });
  expect(blocking?.one).toEqual({
    status: 'measured',
    findings: [
      {
        about: '',
        figures: [
          { name: '', value: { kind: 'per-request', value: 2 }, unit: 'calls/req' },
          { name: 'recvfrom', value: { kind: 'per-request', value: 1 }, unit: '' },
          { name: 'sendto', value: { kind: 'per-request', value: 1 }, unit: '' },
          { name: 'CPU', value: { kind: 'nanoseconds', ns: expect.closeTo(9000, -3) }, unit: 'ns/req' },
          { name: '', value: { kind: 'count', value: 2 }, unit: 'threads' },
        ],
      },
    ],
  });
});

describe('Who counted', () => {
  const counterOf = (result: RunResult, model: string) =>
    tableOf(result).rows.find(({ model: name }) => name?.kind === 'text' && name.text === model)?.counter;

  test('is the server alone where nobody audited', () => {
    expect(counterOf(fixtureGuideRun(), 'poll')).toMatchObject({
      text: 'the server; not audited (run --audit)',
    });
  });

  test('is told with how often the audits agreed, over the three loads', () => {
    const audited = withAudits(fixtureGuideRun());
    expect(counterOf(audited, 'poll')).toMatchObject({
      text: 'the server\ntracepoint agrees, 6/6\nstrace agrees, 6/6',
    });
    expect(counterOf(audited, 'select')).toMatchObject({
      text: 'the server\ntracepoint agrees, 4/4\nstrace agrees, 4/4',
    });
  });

  test('A disagreement is named, and a counter that could not count says why', () => {
    const audited = withAudits(fixtureGuideRun());
    const disagreements = [{ syscall: 'recvfrom', own: 10, counted: 12, why: 'the server missed calls' }];
    const result: RunResult = {
      ...audited,
      record: {
        ...audited.record,
        counters: [{ counter: 'tracepoint', available: false, reason: 'perf_event_paranoid is 3' }],
      },
      trials: audited.trials
        .filter((trial) => trial.counter !== 'tracepoint')
        .map((trial) =>
          trial.status === 'audited' && trial.model === 'poll' && trial.block === 0
            ? { ...trial, audit: { ...trial.audit, disagreements } }
            : trial,
        ),
    };
    expect(counterOf(result, 'poll')).toMatchObject({ text: 'the server\nstrace disagrees, 3/6' });
    expect(tableOf(result).notes).toEqual(
      expect.arrayContaining([
        'poll: the counts disagree, e.g. on recvfrom: the server counts 10, strace 12 (the server missed calls).',
        'tracepoint could not count here: perf_event_paranoid is 3.',
      ]),
    );
  });
});
