import { expect, test } from 'vitest';
import { judgeSaturation, type SaturationInput } from './saturation.ts';

const busy = (...utilisations: number[]) =>
  utilisations.map((utilisation) => ({ utilisation, waitingShare: 0 }));

const IDLE: SaturationInput = {
  serverUtilisation: 0.5,
  client: [{ utilisation: 0.5, waitingShare: 0 }],
  serverSpins: false,
  serverIdleShare: 0,
  shareCpus: false,
};

const cases: [title: string, change: Partial<SaturationInput>, limit: string][] = [
  ['neither side is busy', {}, 'neither'],
  ['the server has nothing left to give', { serverUtilisation: 0.95 }, 'server'],
  ['the client has nothing left to give', { client: busy(0.95) }, 'client'],
  ['one thread of the client has nothing left to give', { client: busy(0.3, 0.95, 0.1) }, 'client'],
  ['the threads of the client are busy together, and none alone', { client: busy(0.6, 0.7) }, 'neither'],
  [
    'one thread of the client waited for the CPU that it fills',
    { client: [...busy(0.4), { utilisation: 0.75, waitingShare: 0.2 }] },
    'client',
  ],
  [
    'the server is full, and a thread of the client nearly',
    { serverUtilisation: 1, client: busy(0.95, 0.2) },
    'client',
  ],
  ['both have nothing left to give', { serverUtilisation: 1, client: busy(1) }, 'both'],
  ['both stand at the limit of both exactly', { serverUtilisation: 0.97, client: busy(0.97) }, 'both'],
  ['the client is full and the server nearly', { serverUtilisation: 0.969, client: busy(1) }, 'client'],
  ['the server is full and the client nearly', { serverUtilisation: 1, client: busy(0.96) }, 'client'],
  [
    'the client had no more because others took its CPU',
    { client: [{ utilisation: 0.8, waitingShare: 0.15 }], serverUtilisation: 0.6 },
    'client',
  ],
  [
    'the client is full, and the server spins in vain',
    { client: busy(1), serverUtilisation: 1, serverSpins: true, serverIdleShare: 0.5 },
    'client',
  ],
  [
    'the client is full, and the server spins and works',
    { client: busy(1), serverUtilisation: 1, serverSpins: true, serverIdleShare: 0.01 },
    'both',
  ],
  [
    'both share a CPU that is full',
    { serverUtilisation: 0.5, client: busy(0.45), shareCpus: true },
    'client',
  ],
  ['the server stands at the limit exactly', { serverUtilisation: 0.9 }, 'server'],
  ['the server stands below the limit', { serverUtilisation: 0.899 }, 'neither'],
  ['the client stands at the limit exactly', { client: busy(0.9) }, 'client'],
  [
    'the server spins, and found work nearly always',
    { serverUtilisation: 1, serverSpins: true, serverIdleShare: 0.05 },
    'server',
  ],
  [
    'the server spins, and often in vain',
    { serverUtilisation: 1, serverSpins: true, serverIdleShare: 0.5 },
    'neither',
  ],
  [
    'the server spins, and does not count its idle turns',
    { serverUtilisation: 1, serverSpins: true, serverIdleShare: null },
    'neither',
  ],
  [
    'the server does not spin, and its idle turns do not matter',
    { serverUtilisation: 1, serverIdleShare: 0.5 },
    'server',
  ],
];

test.each(cases)('when %s, the limit follows', (_title, change, limit) => {
  expect(judgeSaturation({ ...IDLE, ...change })).toBe(limit);
});
