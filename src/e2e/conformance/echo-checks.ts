import { BYTES_PER_MIB } from '../../util/units.ts';
import {
  checkChurn,
  checkConcurrency,
  checkCounters,
  checkDribble,
  checkHalfClose,
  checkIdle,
  checkInterruptions,
  checkMessages,
  checkMixture,
  checkReset,
  checkSlowReader,
} from './checks.ts';
import { countFds } from './procfs.ts';
import type { Server, SupportedRow } from './server.ts';

const IDLE_CONNECTIONS = 1_000;
const ACTIVE_CONNECTIONS = 10;
const MESSAGE_BYTES = [1, 2, 1_000, 65_535, 65_536, 65_537, BYTES_PER_MIB, 16 * BYTES_PER_MIB];

/** What a server must do, and go on serving afterwards. */
export interface EchoCheck {
  readonly title: string;
  readonly check: (server: Server, row: SupportedRow) => Promise<void>;
}

export const LEAKS_NO_DESCRIPTOR = 'leaks no descriptor over 2,000 connect, echo, close cycles';
export const HOLDS_A_SLOW_READER_BACK =
  'holds a slow reader back, within bounded memory, and serves others meanwhile';

export const ECHO_CHECKS: readonly EchoCheck[] = [
  { title: 'echoes single bytes, awaited and not', check: (server) => checkDribble(server, 300) },
  { title: 'echoes messages from 1 B to 16 MiB', check: (server) => checkMessages(server, MESSAGE_BYTES) },
  {
    title: 'echoes 64 connections with messages of random sizes at once',
    check: (server) => checkConcurrency(server, { connections: 64, messages: 8, messageBytesMax: 100_000 }),
  },
  {
    title: HOLDS_A_SLOW_READER_BACK,
    check: (server) =>
      checkSlowReader(server, { readers: 3, bytesMin: 8 * BYTES_PER_MIB, checkMemory: true }),
  },
  {
    title: 'echoes what is left after a half-close, and then closes',
    check: (server) => checkHalfClose(server, BYTES_PER_MIB),
  },
  {
    title: 'survives connections that are reset in the middle',
    check: (server) => checkReset(server, { rounds: 20, owing: 4 }),
  },
  {
    title: 'echoes a seeded mixture of everything that connections do',
    check: (server) => checkMixture(server, { lanes: 16, connections: 12 }),
  },
  {
    title: LEAKS_NO_DESCRIPTOR,
    check: (server) => checkChurn(server, { cycles: 2_000, lanes: 8 }, countFds),
  },
  {
    title: 'serves 10 active connections among 1,000 idle ones, which stay usable',
    check: (server, row) => {
      const room = (row.model.connectionsMax ?? Number.POSITIVE_INFINITY) - ACTIVE_CONNECTIONS;
      return checkIdle(server, { idle: Math.min(IDLE_CONNECTIONS, room), active: ACTIVE_CONNECTIONS });
    },
  },
  { title: 'is not disturbed by 200 signals', check: (server) => checkInterruptions(server, 200) },
  {
    title: 'accounts for every request in its counters, and answers SIGUSR1',
    check: (server) => checkCounters(server, 500),
  },
];
