import { documented, type GuideTable, type GuideTableRow } from './table.ts';

interface Glance {
  readonly model: string;
  readonly name: string;
  readonly says: string;
  readonly claims: readonly string[];
  readonly since: readonly [text: string, source: string];
  readonly correction: string | null;
}

const MODELS: readonly Glance[] = [
  {
    model: 'blocking',
    name: 'Blocking',
    says: 'read() blocks until data arrives, 1 thread / conn',
    claims: ['intro-five-models'],
    since: ['since 1.0', 'read(2)'],
    correction: null,
  },
  {
    model: 'select',
    name: 'Non-block + select',
    says: 'EAGAIN if no data, poll() to wait, O(N) scan',
    claims: ['select-poll-on'],
    since: ['since 0.12 (1992)', 'fs/select.c of Linux 0.12'],
    correction: null,
  },
  {
    model: 'poll',
    name: 'Non-block + select',
    says: 'EAGAIN if no data, poll() to wait, O(N) scan',
    claims: ['select-poll-on'],
    since: ['since 2.1.23', 'poll(2)'],
    correction: null,
  },
  {
    model: 'epoll-lt',
    name: 'epoll',
    says: 'kernel keeps FD set, O(1) per event',
    claims: ['epoll-o-ready'],
    since: ['since 2.5.44', 'epoll(7)'],
    correction: null,
  },
  {
    model: 'sigio-rt',
    name: '(not in the figure)',
    says: 'signal-driven I/O has a chapter of its own',
    claims: ['intro-five-models'],
    since: ['F_SETSIG, which Linux alone has', 'fcntl(2)'],
    correction: 'the figure has five models, the text six and kqueue; the one left out is signal-driven I/O.',
  },
  {
    model: 'posix-aio',
    name: 'AIO',
    says: 'kernel does I/O in background, DIO only :(',
    claims: ['glance-aio-dio-only'],
    since: ['glibc since 2.1', 'aio(7)'],
    correction: 'POSIX AIO is threads of glibc, not the kernel, and takes any file.',
  },
  {
    model: 'native-aio',
    name: 'AIO',
    says: 'kernel does I/O in background, DIO only :(',
    claims: ['glance-aio-dio-only'],
    since: ['since 2.6; IOCB_CMD_POLL since 4.18', 'io_submit(2)'],
    correction:
      'beside O_DIRECT, requests to poll sockets (IOCB_CMD_POLL) and fsync complete in the background; this row polls.',
  },
  {
    model: 'io_uring',
    name: 'io_uring',
    says: 'SQ/CQ rings, batch ops',
    claims: ['uring-one-syscall-per-batch'],
    since: ['since 5.1', 'io_uring(7)'],
    correction: null,
  },
  {
    model: 'io_uring-sqpoll',
    name: 'io_uring',
    says: 'SQ/CQ rings, batch ops',
    claims: ['freq-sqpoll-zero'],
    since: ['since 5.1, at first for root alone', 'io_uring_setup(2)'],
    correction: null,
  },
];

/** "The Five Models at a Glance". */
export const GLANCE: GuideTable = {
  id: 'glance',
  title: 'The models at a glance',
  guide: [
    { key: 'name', header: 'the guide' },
    { key: 'says', header: '' },
  ],
  here: [
    { key: 'model', header: 'model' },
    { key: 'one', header: '1 open,\n1 active' },
    { key: 'many', header: '200 open,\nall active' },
    { key: 'idle', header: 'what idle ones add' },
  ],
  rows: MODELS.map(
    ({ model, name, says, claims, since: [text, source], correction }): GuideTableRow => ({
      id: model,
      claims,
      guide: { name, says },
      here: {
        model: documented(text, source, [model]),
        one: { kind: 'row', model, load: 'one', of: ['calls', 'cpu', 'p50', 'switches'] },
        many: { kind: 'row', model, load: 'many', of: ['calls', 'cpu', 'rate', 'switches', 'threads'] },
        idle: { kind: 'idle-cost', models: [model] },
      },
      correction,
    }),
  ),
  notes: [
    'the figure goes from simpler code to higher throughput, left to right; the numbers say where that is so.',
  ],
};
