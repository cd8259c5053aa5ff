import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { GOOD_FACTS, supportOf } from '../fixtures/facts.ts';
import { fakeHost } from '../fixtures/host.ts';
import { linuxHost } from '../host/host.ts';
import { diagnose } from './diagnose.ts';
import { type FactSources, gatherFacts } from './facts.ts';

const STATUS = 'CapEff:\t0000004001000000\nSeccomp:\t2\nCpus_allowed_list:\t0-1\n';

const FILES = {
  '/proc/self/status': STATUS,
  '/proc/stat': 'cpu0 100 0 0 0 0 0 0 10\n',
  '/proc/loadavg': '0.50 0.40 0.30 1/100 1234\n',
  '/proc/pressure/cpu': 'some avg10=12.50 avg60=0.00 avg300=0.00 total=1\n',
  '/proc/sys/fs/aio-nr': '128\n',
  '/proc/self/limits': 'Max pending signals       96365                96365                signals   \n',
  '/etc/os-release': 'PRETTY_NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
  '/sys/devices/system/clocksource/clocksource0/available_clocksource': 'tsc hpet \n',
};

const folder = mkdtempSync(join(tmpdir(), 'iomb-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

function sources(change: Partial<FactSources> = {}): FactSources {
  return {
    host: fakeHost(FILES),
    findCompiler: async () => ({ command: 'cc', version: 'cc 12' }),
    prepareHelpers: async () => ({
      support: supportOf(),
      ffiCall: () => {},
      congestion: 'reno',
      hardwareErrnos: [0, 0, 0, 0],
    }),
    workloads: GOOD_FACTS.workloads,
    resultsDir: join(folder, 'not', 'yet', 'there'),
    cacheDir: folder,
    ...change,
  };
}

describe('gatherFacts', () => {
  test('reads the host, asks the compiler and the programs, and measures the calls', async () => {
    const facts = await gatherFacts(sources());
    expect(facts).toMatchObject({
      compiler: { status: 'found', command: 'cc' },
      helpers: { status: 'ready', support: supportOf() },
      topology: { allowed: [0, 1] },
      distributions: ['linuxmint', 'ubuntu', 'debian'],
      capabilities: ['CAP_SYS_RESOURCE', 'CAP_PERFMON'],
      seccompFilter: true,
      sigpending: 96_365,
      aioReserved: 128,
      clocksources: ['tsc', 'hpet'],
      cpuPressureShare: 0.125,
      loadAverage: 0.5,
      cpuQuota: null,
    });
    expect(facts.timer.p50Ns).toBeGreaterThan(0);
    expect(facts.timer.stepNs).toBeGreaterThan(0);
  });

  test('shares out the time that the hypervisor took meanwhile', async () => {
    const stats = ['cpu0 100 0 0 0 0 0 0 10\n', 'cpu0 170 0 0 0 0 0 0 40\n'];
    const host = fakeHost(FILES);
    const changing = {
      ...host,
      readText: (path: string) => (path === '/proc/stat' ? (stats.shift() ?? null) : host.readText(path)),
    };
    expect((await gatherFacts(sources({ host: changing }))).stealShare).toBeCloseTo(0.3);
  });

  test('says why there is no compiler, and goes on', async () => {
    const refuse = async () => Promise.reject(new Error('no C compiler: tried cc'));
    const facts = await gatherFacts(sources({ findCompiler: refuse, prepareHelpers: refuse }));
    expect(facts.compiler).toEqual({ status: 'missing', reason: 'no C compiler: tried cc' });
    expect(facts.helpers).toEqual({ status: 'failed', reason: 'no C compiler: tried cc' });
  });

  test('judges a folder that is not there yet by the nearest one that is, and makes none', async () => {
    const { folders } = await gatherFacts(sources());
    expect(folders.map(({ use, writable }) => ({ use, writable }))).toEqual([
      { use: 'results', writable: true },
      { use: 'cache', writable: true },
    ]);
    for (const { freeBytes } of folders) expect(freeBytes).toBeGreaterThan(0);
    expect(linuxHost().listNames(folder)).toEqual([]);
  });

  test('has something to diagnose on this host, whatever it is', async () => {
    const findings = diagnose(await gatherFacts(sources({ host: linuxHost() })));
    expect(findings.find(({ id }) => id === 'kernel')?.value).not.toContain('unknown');
  });
});
