import { describe, expect, test } from 'vitest';
import { adHocOf } from '../plan/ad-hoc-workload.ts';
import { WORKLOAD_LIMITS, workloadSchema } from '../workloads/schema.ts';
import { type LoadFlags, workloadsOfFlags } from './load-flags.ts';

function read(flags: LoadFlags) {
  const problems: string[] = [];
  const workloads = workloadsOfFlags(flags, problems);
  return { workloads, ids: workloads.map(({ id }) => id), problems };
}

describe('A load on the command line', () => {
  test.each<{ flags: LoadFlags; ids: string[] }>([
    { flags: {}, ids: [] },
    { flags: { connections: '1,64, 500' }, ids: ['c1-d1-m64', 'c64-d1-m64', 'c500-d1-m64'] },
    { flags: { connections: '10k', active: '1%' }, ids: ['c10000-a100-d1-m64'] },
    { flags: { connections: '1,64', active: '1%,all' }, ids: ['c1-d1-m64', 'c64-a1-d1-m64', 'c64-d1-m64'] },
    { flags: { message: '64B,64k,1MiB' }, ids: ['c64-d1-m64', 'c64-d1-m65536', 'c64-d1-m1048576'] },
    { flags: { depth: '4,16' }, ids: ['c64-d4-m64', 'c64-d16-m64'] },
    { flags: { rate: '20k' }, ids: ['c64-d1-m64-r20000'] },
    { flags: { rate: '20000/s, 50us, 0.05ms' }, ids: ['c64-d1-m64-r20000'] },
    { flags: { rate: '1.1k,1.5M', arrivals: 'poisson' }, ids: ['c64-d1-m64-r1100p', 'c64-d1-m64-r1500000p'] },
    { flags: { rate: '9', arrivals: 'fixed,poisson' }, ids: ['c64-d1-m64-r9', 'c64-d1-m64-r9p'] },
    { flags: { connections: '64,64', active: '64,100%' }, ids: ['c64-d1-m64'] },
  ])('$flags is $ids', ({ flags, ids }) => {
    const found = read(flags);
    expect(found.problems).toEqual([]);
    expect(found.ids).toEqual(ids);
    for (const workload of found.workloads) {
      expect(workloadSchema.parse(workload)).toEqual(workload);
      expect(adHocOf(workload.id)).toEqual(workload);
    }
  });

  test('has a title as those of files have', () => {
    const flags = { connections: '1,1000', active: '1,all', depth: '1,4', rate: '9', arrivals: 'poisson' };
    expect(read(flags).workloads.map(({ title }) => title)).toMatchInlineSnapshot(`
      [
        "9/s (Poisson) over 1 connection, 64 B",
        "9/s (Poisson) over 1 connection, depth 4, 64 B",
        "9/s (Poisson) over 1000 connections, 1 active, 64 B",
        "9/s (Poisson) over 1000 connections, 1 active, depth 4, 64 B",
        "9/s (Poisson) over 1000 connections, all active, 64 B",
        "9/s (Poisson) over 1000 connections, all active, depth 4, 64 B",
      ]
    `);
    expect(read({ connections: '64', message: '64k' }).workloads[0]?.title).toBe(
      '64 connections, all active, 64 KiB',
    );
  });

  test('says everything that is wrong at once, item by item', () => {
    const flags: LoadFlags = {
      connections: '0,64,many,120001',
      active: '0%',
      depth: '1,,2',
      message: '64g,1.5k',
      rate: '0.5,0us,fast',
      arrivals: 'often',
    };
    expect(read(flags).problems).toMatchInlineSnapshot(`
      [
        "--connections 0: must be a whole number from 1 to 120000, such as 64 or 10k",
        "--connections many: must be a whole number from 1 to 120000, such as 64 or 10k",
        "--connections 120001: must be a whole number from 1 to 120000, such as 64 or 10k",
        "--active 0%: must be a whole number from 1 to 120000, a share of the connections such as 1%, or all",
        "--depth (empty): must be a whole number from 1 to 1024",
        "--message 64g: must be a size such as 64, 64k or 1M (of 1,024), 1 B to 64 MiB",
        "--message 1.5k: must be a size such as 64, 64k or 1M (of 1,024), 1 B to 64 MiB",
        "--arrivals often: must be fixed or poisson",
        "--rate 0.5: must be requests per second such as 20000 or 20k, up to 10000000, or the time between two of them such as 50us",
        "--rate 0us: must be requests per second such as 20000 or 20k, up to 10000000, or the time between two of them such as 50us",
        "--rate fast: must be requests per second such as 20000 or 20k, up to 10000000, or the time between two of them such as 50us",
      ]
    `);
  });

  test.each([
    { flags: { arrivals: 'poisson' }, says: /^--arrivals poisson: of an open loop alone/ },
    { flags: { connections: '1,64', active: '10' }, says: /^c1-a10-d1-m64: 10 active .* 1 connection$/ },
    { flags: { connections: '10k', depth: '1k' }, says: /is over 1000000 requests in flight$/ },
    { flags: { connections: '', depth: '1' }, says: /^--connections \(empty\): must be/ },
  ])('$flags is refused', ({ flags, says }) => {
    expect(read(flags).problems).toEqual([expect.stringMatching(says)]);
  });

  test('makes no more workloads than anybody waits for', () => {
    const many = Array.from({ length: 11 }, (_, i) => i + 1).join();
    expect(read({ connections: many, depth: many }).problems).toEqual([
      expect.stringMatching(/^these lists make 121 workloads, at most 100/),
    ]);
  });
});

describe('The id of a load', () => {
  test('is one of a workload, whatever the load is', () => {
    const most = {
      connections: WORKLOAD_LIMITS.connections,
      active: WORKLOAD_LIMITS.connections - 1,
      message: WORKLOAD_LIMITS.messageBytes - 1,
    };
    const flags = Object.fromEntries(Object.entries(most).map(([name, value]) => [name, String(value)]));
    const { ids, problems } = read({ ...flags, depth: '8', rate: '10000000', arrivals: 'poisson' });
    expect(problems).toEqual([]);
    expect(ids[0]?.length).toBeLessThanOrEqual(40);
  });

  test.each([
    'c64',
    'c064-d1-m64',
    'c64-a64-d1-m64',
    'c64-a65-d1-m64',
    'c64-d1-m64-r0',
    'c999999-d1-m64',
    'ping-pong',
  ])('is not %s', (id) => {
    expect(adHocOf(id)).toBeNull();
  });
});
