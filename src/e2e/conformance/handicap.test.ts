import { expect } from 'vitest';
import { NS_PER_MS } from '../../util/units.ts';
import { connectionsFit, testCheck } from './check.ts';
import { pingPong } from './checks.ts';
import { withClient } from './client.ts';
import { describeInLanes } from './lanes.ts';
import { readCpuNs } from './procfs.ts';
import { loadRows } from './rows.ts';
import { Server, type SupportedRow } from './server.ts';

const CONNECTIONS = 2;
const REQUESTS = 10;
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
    const beforeNs = await readCpuNs(server.pid);
    const connections = connectionsFit(row.model, CONNECTIONS);
    await withClient(server.port, (client) => pingPong(client, connections, REQUESTS));
    await server.settle();
    const busyNs = (await readCpuNs(server.pid)) - beforeNs;
    const reads = (await server.counters()).value('reads');
    expect(reads).toBeGreaterThanOrEqual(REQUESTS);
    expect(busyNs).toBeGreaterThan(SHARE_MIN * reads * HANDICAP_NS);
    await server.stop();
  } finally {
    await server.kill();
  }
}
