import type { ModelRow } from '../spec.ts';

/** The kernel tells of readiness by a signal. */
export const SIGNAL_ROWS: readonly ModelRow[] = [
  {
    id: 'sigio',
    family: 'sigio',
    program: 'sigio',
    options: ['--signal=sigio'],
    title: 'O_ASYNC with plain SIGIO, rescan by poll',
    notification: 'signal',
    linuxMin: '2.2',
  },
  {
    id: 'sigio-rt',
    family: 'sigio',
    program: 'sigio',
    options: ['--signal=rt'],
    title: 'O_ASYNC with queued real-time signals (F_SETSIG)',
    notification: 'signal',
    linuxMin: '2.4',
  },
];
