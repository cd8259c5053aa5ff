/** One way to wait for and do I/O: a program of `c-helpers/models` and the options it runs with. */
export interface ModelSpec {
  /** What the user types; also the name in every output. */
  readonly id: string;
  readonly family: string;
  /** `c-helpers/models/<program>.c`. */
  readonly program: string;
  readonly options: readonly string[];
  readonly title: string;
  /** How the program learns that I/O can be done or is done. */
  readonly notification: 'blocking' | 'busy-poll' | 'readiness' | 'signal' | 'completion';
  /** The kernel that introduced it, for people; whether it runs here is decided by the probe. */
  readonly linuxMin: string;
  /** The most connections that the mechanism itself can hold; null: only the host's limits. */
  readonly connectionsMax: number | null;
  /** Tasks that do the work: they bound how many CPUs the server can use at once. */
  readonly tasks: 'one' | 'one-and-kernel-thread' | 'per-connection';
  /** It burns CPU while it waits, so a busy CPU does not prove that the server was the limit. */
  readonly spins: boolean;
  /** The kernel may run threads of its own for it: iou-sqp, iou-wrk. */
  readonly kernelThreads: boolean;
  /** System calls that libc makes for it, which the server cannot see; its file's header says why. */
  readonly uncounted: readonly string[];
}

/** What glibc calls to start a thread and to keep its stacks. */
const THREAD_START_CALLS = [
  'clone3',
  'clone',
  'mmap',
  'munmap',
  'mprotect',
  'madvise',
  'rseq',
  'set_robust_list',
  'rt_sigprocmask',
] as const;

/**
 * THE REGISTRY: one row per model variant. The core checks a row once and never asks for a model by
 * name.
 */
export const MODELS = [
  {
    id: 'blocking',
    family: 'blocking',
    program: 'blocking',
    options: [],
    title: 'blocking recv/send, a thread per connection, threads kept',
    notification: 'blocking',
    linuxMin: '1.0',
    connectionsMax: null,
    tasks: 'per-connection',
    spins: false,
    kernelThreads: false,
    uncounted: THREAD_START_CALLS,
  },
  {
    id: 'nonblocking',
    family: 'nonblocking',
    program: 'nonblocking',
    options: [],
    title: 'O_NONBLOCK, busy loop over all connections',
    notification: 'busy-poll',
    linuxMin: '1.0',
    connectionsMax: null,
    tasks: 'one',
    spins: true,
    kernelThreads: false,
    uncounted: [],
  },
  {
    id: 'select',
    family: 'select',
    program: 'select',
    options: [],
    title: 'select(2)',
    notification: 'readiness',
    linuxMin: '1.0',
    connectionsMax: 1016,
    tasks: 'one',
    spins: false,
    kernelThreads: false,
    uncounted: [],
  },
  {
    id: 'poll',
    family: 'poll',
    program: 'poll',
    options: [],
    title: 'poll(2)',
    notification: 'readiness',
    linuxMin: '2.1.23',
    connectionsMax: null,
    tasks: 'one',
    spins: false,
    kernelThreads: false,
    uncounted: [],
  },
  {
    id: 'epoll-lt',
    family: 'epoll',
    program: 'epoll',
    options: ['--trigger=level'],
    title: 'epoll(7), level-triggered',
    notification: 'readiness',
    linuxMin: '2.5.44',
    connectionsMax: null,
    tasks: 'one',
    spins: false,
    kernelThreads: false,
    uncounted: [],
  },
  {
    id: 'epoll-et',
    family: 'epoll',
    program: 'epoll',
    options: ['--trigger=edge'],
    title: 'epoll(7), edge-triggered',
    notification: 'readiness',
    linuxMin: '2.5.44',
    connectionsMax: null,
    tasks: 'one',
    spins: false,
    kernelThreads: false,
    uncounted: [],
  },
  {
    id: 'sigio',
    family: 'sigio',
    program: 'sigio',
    options: ['--signal=sigio'],
    title: 'O_ASYNC with plain SIGIO, rescan by poll',
    notification: 'signal',
    linuxMin: '2.2',
    connectionsMax: null,
    tasks: 'one',
    spins: false,
    kernelThreads: false,
    uncounted: [],
  },
  {
    id: 'sigio-rt',
    family: 'sigio',
    program: 'sigio',
    options: ['--signal=rt'],
    title: 'O_ASYNC with queued real-time signals (F_SETSIG)',
    notification: 'signal',
    linuxMin: '2.4',
    connectionsMax: null,
    tasks: 'one',
    spins: false,
    kernelThreads: false,
    uncounted: [],
  },
  {
    id: 'posix-aio',
    family: 'posix-aio',
    program: 'posix_aio',
    options: [],
    title: "POSIX AIO (glibc's thread pool)",
    notification: 'completion',
    linuxMin: '2.6',
    connectionsMax: null,
    tasks: 'per-connection',
    spins: false,
    kernelThreads: false,
    uncounted: [...THREAD_START_CALLS, 'exit', 'futex'],
  },
  {
    id: 'native-aio',
    family: 'native-aio',
    program: 'native_aio',
    options: [],
    title: 'native AIO (io_submit) with IOCB_CMD_POLL',
    notification: 'completion',
    linuxMin: '4.18',
    connectionsMax: null,
    tasks: 'one',
    spins: false,
    kernelThreads: false,
    uncounted: [],
  },
  {
    id: 'io_uring',
    family: 'io_uring',
    program: 'io_uring',
    options: [],
    title: 'io_uring, single-shot operations',
    notification: 'completion',
    linuxMin: '5.7',
    connectionsMax: null,
    tasks: 'one',
    spins: false,
    kernelThreads: true,
    uncounted: [],
  },
  {
    id: 'io_uring-sqpoll',
    family: 'io_uring',
    program: 'io_uring',
    options: ['--sqpoll'],
    title: 'io_uring with a kernel thread that polls the submission queue',
    notification: 'completion',
    linuxMin: '5.11',
    connectionsMax: null,
    tasks: 'one-and-kernel-thread',
    spins: true,
    kernelThreads: true,
    uncounted: [],
  },
] as const satisfies readonly ModelSpec[];

/** The row with this id. */
export function findModel(id: string, models: readonly ModelSpec[] = MODELS): ModelSpec | undefined {
  return models.find((model) => model.id === id);
}
