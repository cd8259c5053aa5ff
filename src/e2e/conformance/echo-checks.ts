import { BYTES_PER_MIB } from '../../util/units.ts';
import type { CheckId } from './check.ts';
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

const CONNECTIONS = 64;
const CHURN_CYCLES = 1_000;
const IDLE_CONNECTIONS = 1_000;
const ACTIVE_CONNECTIONS = 10;
const MESSAGE_BYTES = [1, 2, 1_000, 65_535, 65_536, 65_537, BYTES_PER_MIB, 16 * BYTES_PER_MIB];

/** What a server must do, and go on serving afterwards. */
export interface EchoCheck {
  readonly id: CheckId;
  readonly title: string;
  readonly check: (server: Server, row: SupportedRow) => Promise<void>;
}

export const LEAKS_NO_DESCRIPTOR = `leaks no descriptor over ${CHURN_CYCLES} connect, echo, close cycles`;
export const HOLDS_A_SLOW_READER_BACK =
  'holds a slow reader back, within bounded memory, and serves others meanwhile';

export const ECHO_CHECKS: readonly EchoCheck[] = [
  {
    id: 'single-bytes',
    title: 'echoes single bytes, awaited and not',
    check: (server) => checkDribble(server, 300),
  },
  {
    id: 'messages',
    title: 'echoes messages from 1 B to 16 MiB',
    check: (server) => checkMessages(server, MESSAGE_BYTES),
  },
  {
    id: 'at-once',
    title: `echoes ${CONNECTIONS} connections with messages of random sizes at once`,
    check: (server) =>
      checkConcurrency(server, {
        connections: Math.min(CONNECTIONS, server.connsMax),
        messages: 8,
        messageBytesMax: 100_000,
      }),
  },
  {
    id: 'slow-reader',
    title: HOLDS_A_SLOW_READER_BACK,
    check: (server) =>
      checkSlowReader(server, { readers: 3, bytesMin: 4 * BYTES_PER_MIB, checkMemory: true }),
  },
  {
    id: 'half-close',
    title: 'echoes what is left after a half-close, and then closes',
    check: (server) => checkHalfClose(server, BYTES_PER_MIB),
  },
  {
    id: 'reset',
    title: 'survives connections that are reset in the middle',
    check: (server) => checkReset(server, { rounds: 20, owing: 4 }),
  },
  {
    id: 'mixture',
    title: 'echoes a seeded mixture of everything that connections do',
    check: (server) => checkMixture(server, { lanes: 16, connections: 12 }),
  },
  {
    id: 'churn',
    title: LEAKS_NO_DESCRIPTOR,
    check: (server) => checkChurn(server, { cycles: CHURN_CYCLES, lanes: 8 }, countFds),
  },
  {
    id: 'idle',
    title: 'serves 10 active connections among 1,000 idle ones, which stay usable',
    check: (server) => {
      const room = server.connsMax - ACTIVE_CONNECTIONS;
      return checkIdle(server, { idle: Math.min(IDLE_CONNECTIONS, room), active: ACTIVE_CONNECTIONS });
    },
  },
  {
    id: 'signals',
    title: 'is not disturbed by 200 signals',
    check: (server) => checkInterruptions(server, 200),
  },
  {
    id: 'counters',
    title: 'accounts for every request in its counters, and answers SIGUSR1',
    check: (server) => checkCounters(server, 500),
  },
];
