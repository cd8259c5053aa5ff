/**
 * What the harness calls once in a window, between two readings of its counters: the answer to whoever conducts the job
 * and the wait for the next word, its thread's CPU clock, and a signal a second that ends waits.
 */
export const CONDUCT_CALLS = ['read', 'sendto', 'clock_gettime', 'rt_sigreturn', 'restart_syscall'] as const;
