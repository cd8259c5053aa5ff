import { describe, expect, test } from 'vitest';
import { NS_PER_MS } from '../../util/units.ts';
import { pingPong } from './checks.ts';
import { withClient } from './client.ts';
import { readCpuNs } from './procfs.ts';
import { loadRows, rowTitle } from './rows.ts';
import { Server, type SupportedRow } from './server.ts';

const CONNECTIONS = 2;
const REQUESTS = 10;
/** Long against everything else that a server does for a request, and against a tick of its CPU clock. */
const HANDICAP_NS = 10 * NS_PER_MS;
/** A CPU that is faster later than while the loop was calibrated does it sooner. */
const SHARE_MIN = 0.5;

describe('a handicap is work for each read of data, in every model', async () => {
  for (const row of await loadRows()) {
    test.skipIf(row.status !== 'supported')(rowTitle(row), async () => {
      if (row.status === 'supported') await expectBusy(row);
    });
  }
});

async function expectBusy(row: SupportedRow): Promise<void> {
  const server = await Server.start(row, { handicapNs: HANDICAP_NS });
  try {
    const beforeNs = await readCpuNs(server.pid);
    await withClient(server.port, (client) => pingPong(client, CONNECTIONS, REQUESTS));
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
