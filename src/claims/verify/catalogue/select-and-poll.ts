import {
  atLeast,
  atMost,
  behaviour,
  cost,
  costsOver,
  count,
  equals,
  fact,
  growth,
  NO,
  number,
  over,
  probe,
  ratio,
  source,
  times,
  YES,
} from '../assertions.ts';
import type { ClaimSection } from '../claim.ts';

export const SELECT_AND_POLL: ClaimSection = {
  title: '2. Non-blocking + select/poll',
  claims: [
    {
      id: 'ndelay-sigttin',
      kind: 'static-fact',
      text: 'O_NDELAY is “similar but also sends SIGTTIN/SIGTTOU”',
      truth:
        'On Linux O_NDELAY == O_NONBLOCK (04000). SIGTTIN/TTOU come from job control on a tty, unrelated to the flag.',
      source: 'asm-generic/fcntl.h; open(2)',
      assertions: [
        fact('a flag of its own', probe('nonblocking', 'ndelayEqual'), NO),
        behaviour('it sends signals', probe('nonblocking', 'ndelaySignals'), atLeast(1)),
      ],
    },
    {
      id: 'eagain-ewouldblock',
      kind: 'behaviour',
      text: 'Non-blocking empty read returns -1 EAGAIN (EWOULDBLOCK “same value”)',
      truth: 'Same value on Linux.',
      source: 'errno(3)',
      assertions: [
        behaviour('an empty socket', probe('nonblocking', 'emptySocket'), equals('EAGAIN')),
        behaviour('an empty pipe', probe('nonblocking', 'emptyPipe'), equals('EAGAIN')),
        fact('EWOULDBLOCK is the same value', probe('nonblocking', 'wouldBlockEqual'), YES),
      ],
    },
    {
      id: 'devnull-eagain-sample',
      kind: 'behaviour',
      text: 'Sample: open(/dev/null, O_NONBLOCK) and read expecting EAGAIN',
      truth: '/dev/null reads return 0 (EOF), never EAGAIN.',
      source: 'drivers/char/mem.c read_null',
      assertions: [behaviour('a read of /dev/null fails', probe('nonblocking', 'devNullRead'), atMost(-1))],
    },
    {
      id: 'nonblock-regular-file',
      kind: 'behaviour',
      text: '(implied) O_NONBLOCK makes read() return EAGAIN instead of blocking',
      truth:
        'Has no effect on regular files: cold reads still block in D state. Use preadv2(RWF_NOWAIT) or io_uring.',
      source: 'open(2)',
      assertions: [
        behaviour(
          'a read that must wait for the disk ends with EAGAIN',
          probe('cold-read', 'nonblockEagain'),
          atLeast(1),
        ),
        ratio(
          'it takes no longer than one that need not wait',
          over(probe('cold-read', 'coldUs'), probe('cold-read', 'cachedUs')),
          { low: 0.2, high: 1.5 },
          { name: 'a read from the disk over one from the page cache', noise: 0.2 },
        ),
      ],
    },
    {
      id: 'poll-must-scan',
      kind: 'behaviour',
      text: 'select/poll return a count “but you must scan all of them”',
      truth: 'You may stop after finding the returned count; worst case is the whole set.',
      source: 'select(2), poll(2)',
      assertions: [
        source('what a call returns', 'how many, not which', 'how many, not which', 'select(2), poll(2)'),
        source('how far to scan', 'all of them', 'until as many as were returned are found', 'poll(2)'),
      ],
    },
    {
      id: 'select-bitmap-copy',
      kind: 'behaviour',
      text: 'select copies a “~1024-bit bitmap to kernel” each call',
      truth: 'Copies only ceil(nfds/64) longs, for each non-NULL set, in and out.',
      source: 'fs/select.c core_sys_select FDS_BYTES(n)',
      assertions: [
        fact('1024 bits where FDs are below 1000', probe('select-sets', 'bytes1000'), equals(128)),
        fact('1024 bits where FDs are below 64', probe('select-sets', 'bytes64'), equals(128)),
      ],
    },
    {
      id: 'select-walks-all-bits',
      kind: 'measured',
      text: '“Kernel walks ALL bits, even FDs with no interest”',
      truth:
        'Words with no bits are skipped; f_op->poll is only called for set bits. Cost is bits set x ~70-190 ns plus ~64x cheaper word scan.',
      source: 'fs/select.c do_select “if (all_bits == 0) i += BITS_PER_LONG”',
      assertions: [
        ratio(
          'one FD with a high number costs at least half of as many FDs',
          over(cost('select-highest-18000'), cost('select-18000')),
          { low: 0.5, high: 2 },
          { name: 'select of FD 18,000 alone over select of 18,000 FDs', noise: 0.3 },
        ),
      ],
    },
    {
      id: 'select-poll-on',
      kind: 'measured',
      text: 'select/poll are O(N) per call',
      truth: 'Linear until cache misses make it worse than linear.',
      source: 'measured on other hosts',
      assertions: [
        growth(
          'poll',
          costsOver((n) => `poll-${n}`, [100, 1000, 10_000]),
          'O(N)',
        ),
        growth(
          'select',
          costsOver((n) => `select-${n}`, [100, 1000, 10_000]),
          'O(N)',
        ),
      ],
    },
    {
      id: 'poll-100k-select',
      kind: 'measured',
      text: 'With “100,000 idle connections, select() or poll()” walks all 100,000',
      truth:
        'select cannot (FD_SETSIZE 1024 by the guide itself) without a hand-made bitmap; poll needs RLIMIT_NOFILE>=nfds (EINVAL otherwise).',
      source: 'poll(2) EINVAL; fs/select.c do_sys_poll',
      assertions: [
        growth(
          'poll walks all of them',
          costsOver((n) => `poll-${n}`, [100, 1000, 10_000]),
          'O(N)',
        ),
        source(
          'select of 100,000 FDs',
          'possible',
          'not beyond FD_SETSIZE, 1024',
          'the guide itself; select(2)',
        ),
      ],
    },
    {
      id: 'poll-no-hard-limit',
      kind: 'behaviour',
      text: 'poll: “no hard FD limit”',
      truth: 'nfds > RLIMIT_NOFILE gives EINVAL.',
      source: 'poll(2)',
      assertions: [
        behaviour('as many as RLIMIT_NOFILE', probe('poll-limits', 'atLimit'), equals('ok')),
        behaviour('more than RLIMIT_NOFILE', probe('poll-limits', 'beyondLimit'), equals('ok')),
      ],
    },
    {
      id: 'poll-10k-req-millions',
      kind: 'static-fact',
      text: '10,000 req/s with 100k idle: checking empty sockets “millions of times per second”',
      truth:
        'One request per call would be 1e9 checks/s; batching reduces it; CPU saturates first (~7 ms+ per call).',
      source: 'arithmetic',
      assertions: [
        source(
          '10,000 calls with 100,000 FDs each',
          'millions of checks a second',
          'a thousand million checks a second',
          'arithmetic',
        ),
        count(
          'a CPU that does them',
          over(times(cost('poll-per-fd'), number(1e9)), number(1e9)),
          { high: 1 },
          { name: 'CPUs that a thousand million checks a second would take', unit: 'CPUs', noise: 0.3 },
        ),
      ],
    },
    {
      id: 'select-clobbers',
      kind: 'behaviour',
      text: 'select clobbers the set, so copy it each time',
      truth: 'Also modifies the timeout on Linux.',
      source: 'select(2)',
      assertions: [behaviour('the set', probe('select-sets', 'setClobbered'), YES)],
    },
  ],
};
