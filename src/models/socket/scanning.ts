import type { ModelRow } from '../spec.ts';

/** The program names its descriptors anew in every call. */
export const SCANNING_ROWS: readonly ModelRow[] = [
  {
    id: 'nonblocking',
    family: 'nonblocking',
    program: 'nonblocking',
    title: 'O_NONBLOCK, busy loop over all connections',
    notification: 'busy-poll',
    linuxMin: '1.0',
    spins: true,
  },
  {
    id: 'select',
    family: 'select',
    program: 'select',
    title: 'select(2)',
    notification: 'readiness',
    linuxMin: '1.0',
    connectionsMax: 1016,
  },
  {
    id: 'poll',
    profile: 'quick',
    family: 'poll',
    program: 'poll',
    title: 'poll(2)',
    notification: 'readiness',
    linuxMin: '2.1.23',
  },
];
