import type { CommandRow } from '../registry.ts';

/** What `kernels` can do, in the order of its `--help`. */
export const KERNELS_COMMANDS: readonly CommandRow[] = [
  {
    name: 'run',
    description: 'boot kernels in guests, measure the same in each, store every boot as a run',
    load: async () => (await import('./run.ts')).registerKernelsRun,
  },
  {
    name: 'compare',
    description: 'print models and kernels beside each other, relative to the first kernel, and judge them',
    load: async () => (await import('./compare.ts')).registerKernelsCompare,
  },
];
