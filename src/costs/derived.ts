import type { CostAbout, CostTerm } from './schema.ts';

/** A cost that is a difference of others: what a step adds, or what an instrument takes off. */
export interface DerivedSpec extends CostAbout {
  readonly terms: readonly CostTerm[];
}

/** Beside what is signalled: all of it is in `event-plain` too. */
const SIGNALS = [
  { id: 'signal-epoll', event: 'event-epoll', by: 'epoll_wait' },
  { id: 'signal-sigio', event: 'event-sigio', by: 'SIGIO and its handler' },
  { id: 'signal-rt', event: 'event-rt', by: 'a real-time signal and its handler' },
  { id: 'signal-sigwait', event: 'event-sigwait', by: 'sigtimedwait' },
  { id: 'signal-signalfd', event: 'event-signalfd', by: 'signalfd' },
] as const;

const SWITCHES = [
  { id: 'context-switch-same-cpu', from: 'switch-pipe-same-cpu', title: 'context switch on one CPU' },
  { id: 'context-switch-two-cpus', from: 'switch-pipe-two-cpus', title: 'wake-up of another CPU' },
] as const;

const REGISTERED = ['64', '4k'].flatMap((size) => [
  { id: `registered-file-${size}`, less: `uring-read-fixed-file-${size}`, what: 'file', size },
  { id: `registered-buffer-${size}`, less: `uring-read-fixed-buffer-${size}`, what: 'buffer', size },
]);

/** Taken round by round, so that a slow round is one for all of its terms. */
export const DERIVED_COSTS: readonly DerivedSpec[] = [
  {
    id: 'fd-lookup',
    group: 'syscall',
    title: 'from the call to the file and back',
    measures: 'what a read(2) of /dev/null takes beyond a system call that does nothing',
    unit: 'call',
    terms: [plus('read-devnull'), minus('syscall-noop')],
  },
  {
    id: 'file-miss',
    group: 'syscall',
    title: 'cache misses of the file',
    measures: 'what another one of 15,000 files takes beyond always the same one',
    unit: 'call',
    terms: [plus('read-random-file'), minus('read-one-file')],
  },
  {
    id: 'clock-syscall-saved',
    group: 'syscall',
    title: 'what the vDSO saves',
    measures: 'clock_gettime as a system call, less the same through the vDSO',
    unit: 'call',
    terms: [plus('syscall-clock'), minus('vdso-clock')],
  },
  ...SWITCHES.map(({ id, from, title }) => ({
    id,
    group: 'switch',
    title,
    measures: 'half a pipe ping-pong, less the write(2) and the read(2) of it',
    unit: 'switch',
    terms: [{ cost: from, times: 0.5 }, minus('pipe-write-1'), minus('pipe-read-1')],
  })),
  ...SIGNALS.map(({ id, event, by }) => ({
    id,
    group: 'signal',
    title: `being told by ${by}`,
    measures: 'what an event takes beyond the same one that nobody is told of',
    unit: 'event',
    terms: [plus(event), minus('event-plain')],
  })),
  ...REGISTERED.map(({ id, less, what, size }) => ({
    id,
    group: 'io_uring',
    title: `what a registered ${what} saves of ${size} bytes`,
    measures: `io_uring reads without anything registered, less those with a registered ${what}`,
    unit: 'request',
    terms: [plus(`uring-read-${size}`), minus(less)],
  })),
  {
    id: 'epoll-wait-per-ready',
    group: 'wait',
    title: 'each event of epoll_wait',
    measures: '64 ready of 1,000 less one ready, by 63',
    unit: 'event',
    terms: [
      { cost: 'epoll-wait-64-of-1000', times: 1 / 63 },
      { cost: 'epoll-wait-1-of-1000', times: -1 / 63 },
    ],
  },
  ...['poll', 'select'].map((call) => ({
    id: `${call}-per-fd`,
    group: 'wait',
    title: `each descriptor of ${call}`,
    measures: `${call} of 10,000 less ${call} of 1,000, by 9,000`,
    unit: 'descriptor',
    terms: [
      { cost: `${call}-10000`, times: 1 / 9000 },
      { cost: `${call}-1000`, times: -1 / 9000 },
    ],
  })),
];

function plus(cost: string): CostTerm {
  return { cost, times: 1 };
}

function minus(cost: string): CostTerm {
  return { cost, times: -1 };
}
