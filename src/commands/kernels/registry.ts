import type { CommandRow } from '../registry.ts';

/** What `kernels` can do, in the order of its `--help`. */
export const KERNELS_COMMANDS: readonly CommandRow[] = [
  {
    name: 'list',
    description: 'list the kernels that can be booted: of this host, and of the store that get fills',
    load: async () => (await import('./list.ts')).registerKernelsList,
  },
  {
    name: 'get',
    description: "fetch QEMU and Debian's kernels into the cache; nothing is installed",
    load: async () => (await import('./get.ts')).registerKernelsGet,
  },
  {
    name: 'run',
    description: 'boot kernels in guests, measure the same in each, store every boot as a run',
    load: async () => (await import('./run.ts')).registerKernelsRun,
  },
  {
    name: 'scale',
    description: 'what idle connections add to the path of a request under kernels in guests, up to 100,000',
    load: async () => (await import('./scale.ts')).registerKernelsScale,
  },
  {
    name: 'compare',
    description: 'print models and kernels beside each other, relative to the first kernel, and judge them',
    load: async () => (await import('./compare.ts')).registerKernelsCompare,
  },
  {
    name: 'explain',
    description: "say where a request's instructions go, and what changed them, by function of the kernel",
    load: async () => (await import('./explain.ts')).registerExplain,
  },
  {
    name: 'probe',
    description: 'print which models run under each kernel, and what of io_uring, epoll and sockets it has',
    load: async () => (await import('./probe.ts')).registerKernelsProbe,
  },
  {
    name: 'bisect',
    description: 'find the first kernel under which the path of a request is longer, also for git bisect run',
    load: async () => (await import('./bisect.ts')).registerKernelsBisect,
  },
];
