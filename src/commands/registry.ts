import type { Command } from 'commander';

/** Gives a command its arguments, options and action. */
export type RegisterCommand = (command: Command, signal: AbortSignal) => void | Promise<void>;

/** A subcommand as `--help` lists it; what it does is loaded when it is asked for. */
export interface CommandRow {
  readonly name: string;
  readonly description: string;
  load(): Promise<RegisterCommand>;
}

/**
 * Every subcommand, in the order of `--help`. Nothing but types is imported here: zod, koffi and execa take longer to
 * load than most commands take to run.
 */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'run',
    description: 'measure models under workloads, store every trial, print the tables',
    load: async () => (await import('./run.ts')).registerRun,
  },
  {
    name: 'scale',
    description:
      'sweep idle connections: what each of them adds to a request, and whether it is O(1) or O(N)',
    load: async () => (await import('./scale.ts')).registerScale,
  },
  {
    name: 'ladder',
    description:
      'climb epoll and io_uring rung by rung: what each step adds to the one before, and where to stop',
    load: async () => (await import('./ladder.ts')).registerLadder,
  },
  {
    name: 'costs',
    description:
      'time single operations, from a system call to a context switch, beside the numbers of the guide',
    load: async () => (await import('./costs.ts')).registerCosts,
  },
  {
    name: 'show',
    description: 'print the tables of a stored run',
    load: async () => (await import('./show.ts')).registerShow,
  },
  {
    name: 'report',
    description: 'write stored runs as a page with charts: one HTML file that needs no network and no script',
    load: async () => (await import('./report.ts')).registerReport,
  },
  {
    name: 'tables',
    description: "print the guide's tables with what a stored run measured beside its text",
    load: async () => (await import('./tables.ts')).registerTables,
  },
  {
    name: 'verify',
    description:
      'hold every claim of the guide against this host: confirmed, refuted or why not, with evidence',
    load: async () => (await import('./verify/verify.ts')).registerVerify,
  },
  {
    name: 'recommend',
    description: 'say from stored runs which model for which load here, and where that changes',
    load: async () => (await import('./recommend.ts')).registerRecommend,
  },
  {
    name: 'baseline',
    description: 'keep runs to compare with, by host and kernel',
    load: async () => (await import('./baseline.ts')).registerBaseline,
  },
  {
    name: 'export',
    description: 'write a stored run in the formats of dashboards and CI',
    load: async () => (await import('./export.ts')).registerExport,
  },
  {
    name: 'compare',
    description: 'compare two stored runs, or two groups of them: what regressed, what is noise',
    load: async () => (await import('./compare.ts')).registerCompare,
  },
  {
    name: 'noise',
    description: 'measure equals: how often compare is wrong about them, and finds a known change',
    load: async () => (await import('./noise.ts')).registerNoise,
  },
  {
    name: 'history',
    description: 'list the stored runs that compare learns from: floor, middle, verdict, spread',
    load: async () => (await import('./history.ts')).registerHistory,
  },
  {
    name: 'crosscheck',
    description: 'hold the rows of file I/O against fio: the same jobs on the same file, CPU and rate',
    load: async () => (await import('./crosscheck.ts')).registerCrosscheck,
  },
  {
    name: 'kernels',
    description:
      'the same measurement under several kernels, in guests: how much longer their paths are, and why',
    load: async () => (await import('./kernels/kernels.ts')).registerKernels,
  },
  {
    name: 'list',
    description: 'list the models, the workloads or the stored runs',
    load: async () => (await import('./list.ts')).registerList,
  },
  {
    name: 'doctor',
    description: 'say what of this host moves the numbers, and the commands that would change it',
    load: async () => (await import('./doctor.ts')).registerDoctor,
  },
  {
    name: 'serve',
    description: 'run the echo server of one model, for a client of your own',
    load: async () => (await import('./serve.ts')).registerServe,
  },
];
