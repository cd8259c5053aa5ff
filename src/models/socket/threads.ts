/** What glibc calls to start a thread and to keep its stacks. */
export const THREAD_START_CALLS = [
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
