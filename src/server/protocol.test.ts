import { describe, expect, test } from 'vitest';
import { parseLine, probeSchema, readySchema, statsSchema } from './protocol.ts';

const READY = {
  event: 'ready',
  port: 40_001,
  pid: 77,
  countersFd: 3,
  connsMax: 16_384,
  congestion: 'reno',
  workers: 2,
  workerCpus: [0, 3],
};
const STATS = { event: 'stats', accepted: 3, bytes_in: 64, syscalls: { read: 2, epoll_wait: 1 } };
const PROBE = { event: 'probe', supported: false, reason: 'io_uring_setup: EPERM', features: '' };

describe('a line of a server', () => {
  test('is read as what it announces', () => {
    expect(parseLine(JSON.stringify(READY), readySchema)).toEqual(READY);
    expect(parseLine(JSON.stringify(STATS), statsSchema)).toEqual(STATS);
    expect(parseLine(JSON.stringify(PROBE), probeSchema)).toEqual(PROBE);
  });

  test('is nothing else than what it announces', () => {
    expect(parseLine(JSON.stringify(STATS), readySchema)).toBeNull();
    expect(parseLine(JSON.stringify(READY), statsSchema)).toBeNull();
    expect(parseLine(JSON.stringify(READY), probeSchema)).toBeNull();
  });

  test.each(['', ' ', 'listening on 7000', 'null', '7', '[]', '{"event":"ready"', '{"event":"ready"}'])(
    'that is %j is no ready line',
    (line) => {
      expect(parseLine(line, readySchema)).toBeNull();
    },
  );

  test.each([
    ['port', 0],
    ['port', 65_536],
    ['port', '40001'],
    ['port', 1.5],
    ['pid', 0],
    ['pid', -1],
    ['countersFd', -1],
    ['connsMax', 0],
    ['connsMax', undefined],
  ])('is no ready line with %s %s', (name, value) => {
    expect(parseLine(JSON.stringify({ ...READY, [name]: value }), readySchema)).toBeNull();
  });

  test.each([
    ['accepted', -1],
    ['accepted', 1.5],
    ['syscalls', null],
    ['syscalls', { read: -1 }],
  ])('is no stats line with %s %j', (name, value) => {
    expect(parseLine(JSON.stringify({ ...STATS, [name]: value }), statsSchema)).toBeNull();
  });
});
