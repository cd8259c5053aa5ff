import { expect } from 'vitest';
import { NS_PER_MS } from '../../util/units.ts';
import { connectionsFit, testCheck } from './check.ts';
import { withClient } from './client.ts';
import { describeInLanes } from './lanes.ts';
import { processesOf, readCpuNs } from './procfs.ts';
import { loadRows } from './rows.ts';
import { Server, type SupportedRow } from './server.ts';

const CONNECTIONS = 2;
const REQUESTS = 10;
const PING_BYTES = 64;
/** Long against everything else that a server does for a request, and against a tick of its CPU clock. */
const HANDICAP_NS = 10 * NS_PER_MS;
/** A CPU that is faster later than while the loop was calibrated does it sooner. */
const SHARE_MIN = 0.5;

describeInLanes(await loadRows(), (row) =>
  testCheck(row, 'handicap', {
    title: 'a handicap is work for each read of data',
    check: () => expectBusy(row),
  }),
);

async function expectBusy(row: SupportedRow): Promise<void> {
  const server = await Server.start(row, { handicapNs: HANDICAP_NS });
  try {
    const connections = connectionsFit(row.model, CONNECTIONS);
    await withClient(server.port, async (client) => {
      const streams = await client.connectEach(connections);
      const beforeNs = await cpuNsOf(server.pid);
      for (let i = 0; i < REQUESTS; i++) for (const stream of streams) await stream.exchange(PING_BYTES);
      // An echo comes behind the work for it.
      const busyNs = (await cpuNsOf(server.pid)) - beforeNs;
      expect(busyNs).toBeGreaterThan(SHARE_MIN * REQUESTS * connections * HANDICAP_NS);
    });
    await server.settle();
    expect((await server.counters()).value('reads')).toBe((REQUESTS + 1) * connections);
    await server.stop();
  } finally {
    await server.kill();
  }
}

/** Of a server, by whichever processes it serves. */
async function cpuNsOf(pid: number): Promise<number> {
  const each = await Promise.all((await processesOf(pid)).map(readCpuNs));
  return each.reduce((a, b) => a + b, 0);
}
