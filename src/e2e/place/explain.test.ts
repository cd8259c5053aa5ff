import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildGuestPrograms } from '../../build/guest-programs.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { buildPlugin } from '../../build/plugin.ts';
import type { PathLength } from '../../explain/explain-schema.ts';
import { explainTrial } from '../../explain/explain-trial.ts';
import { explanationOf } from '../../explain/explanation-of.ts';
import { disagreement, explainedCells, pathLengthOf } from '../../explain/path-length.ts';
import { subsystemOf } from '../../explain/subsystems.ts';
import { kernelSymbols } from '../../explain/symbols.ts';
import { listKernels, resolveKernel } from '../../kernels/resolve.ts';
import type { Agent } from '../../place/agent/agent.ts';
import { bootGuest } from '../../place/guest/boot.ts';
import { writeInitramfs } from '../../place/guest/initramfs.ts';
import { findQemu, type Qemu } from '../../place/guest/qemu.ts';
import { sumOf } from '../../stats/sums.ts';
import { messageOf } from '../../util/errors.ts';
import { NS_PER_MS, NS_PER_S } from '../../util/units.ts';

/** A guest boots in seconds; the machine may be busy with other things. */
const GUEST_TIMEOUT_MS = 240_000;
/** Of the guest's time, in which it sleeps. */
const SETTLE_MS = 5_000;
const never = new AbortController().signal;

/** What the test cannot do without; `IOMODELS_QEMU` and `IOMODELS_KERNEL` name others than those that are found. */
async function findParts(): Promise<{ qemu: Qemu; kernel: string } | string> {
  try {
    const { IOMODELS_QEMU: named, IOMODELS_KERNEL: spec } = process.env;
    const qemu = await findQemu(named === undefined ? {} : { qemu: named });
    if (!qemu.plugins) return `${qemu.path} loads no TCG plugins`;
    const kernel = spec === undefined ? (await listKernels()).kernels.at(-1) : await resolveKernel(spec);
    return kernel === undefined ? 'there is no kernel to boot' : { qemu, kernel: kernel.path };
  } catch (error) {
    return messageOf(error);
  }
}

const parts = await findParts();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-explain-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the plugin is compiled without a header of QEMU, once', async () => {
  const path = await buildPlugin({ sourceDir: HELPERS_DIR });
  expect(readFileSync(path).subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  expect(await buildPlugin({ sourceDir: HELPERS_DIR })).toBe(path);
});

describe.skipIf(typeof parts === 'string')(
  `a guest that is counted${typeof parts === 'string' ? ` (skipped: ${parts.split('\n')[0]})` : ''}`,
  () => {
    let path: PathLength;
    beforeAll(async () => {
      if (typeof parts === 'string') return;
      path = await countedPath(parts);
    }, GUEST_TIMEOUT_MS);

    test('executes as many instructions as its clock says', () => {
      expect(disagreement(path)).toBe(null);
      expect(path.trials).toBe(2);
    });
    test('passes every packet of a request to TCP, both ways', () => {
      const received = path.functions.find(({ name }) => name === 'tcp_v4_rcv');
      expect(received?.calls).toBeGreaterThan(1.9);
      expect(received?.calls).toBeLessThan(2.1);
    });
    test('executes functions that nearly all have a subsystem', () => {
      const other = path.functions.filter(({ name }) => subsystemOf(name) === 'other');
      expect(sumOf(other, (one) => one.instructions) / path.instructions).toBeLessThan(0.01);
    });
    test('is told apart from its server in user space', () => {
      const names = path.functions.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['[server]', '[load generator]']));
    });
    test('knows who calls what', () => {
      const ack = path.functions.find(({ name }) => name === 'tcp_ack');
      expect(ack?.callers.map(({ name }) => name)).toEqual(expect.arrayContaining(['tcp_rcv_established']));
    });
  },
);

/** Two trials of one boot. */
async function countedPath({ qemu, kernel }: { qemu: Qemu; kernel: string }): Promise<PathLength> {
  const built = await buildGuestPrograms({ sourceDir: HELPERS_DIR, programs: ['epoll'] });
  const initramfs = join(folder, 'initramfs');
  await writeInitramfs(initramfs, {
    agent: built.agent,
    programs: new Map(built.programs.map((name) => [name, join(built.folder, name)])),
  });
  const plugin = { path: await buildPlugin({ sourceDir: HELPERS_DIR }), output: join(folder, 'blocks') };
  const guest = await bootGuest({
    ...{ qemu, kernel, initramfs, plugin, folder, clock: 'icount', smp: 1, memoryMb: 1024, cpu: 'max' },
    ...{ bootTimeoutMs: GUEST_TIMEOUT_MS, signal: never },
  });
  try {
    // What a kernel does in the background after its start, such as testing its ciphers, would be counted too.
    await guest.agent.settle(SETTLE_MS);
    const windows = [await windowOf(guest.agent), await windowOf(guest.agent)];
    const symbols = kernelSymbols(await guest.agent.symbols());
    await guest.powerOff();
    const pluginOutput = readFileSync(plugin.output, 'utf8');
    const explanation = explanationOf({
      ...{ runId: 'r', kernel: guest.agent.hello.kernel, qemu: qemu.version, cpu: 'max' },
      trials: windows.map((counted, block) => ({
        ...{ label: 'epoll-lt', workload: 'ping-pong', block },
        explained: explainTrial({ ...counted, pluginOutput, symbols, window: block + 1 }),
      })),
    });
    const [cell] = explainedCells(explanation);
    if (cell === undefined) throw new Error('no request was counted');
    return pathLengthOf([explanation], cell);
  } finally {
    await guest.kill();
  }
}

async function windowOf(agent: Agent): Promise<{ accountedRequests: number; instructions: number }> {
  const { report, message } = await agent.trial({
    program: 'epoll',
    args: ['--trigger=level', '--conns-max=8'],
    marks: true,
    load: {
      ...{ mode: 'closed', connections: 1, active: 1, depth: 1, messageBytes: 64, ratePerS: 0, seed: 1 },
      ...{ warmupNs: 10 * NS_PER_MS, measureNs: 40 * NS_PER_MS },
      ...{ connectTimeoutNs: 30 * NS_PER_S, stallTimeoutNs: 10 * NS_PER_S, clientCpus: null },
      ...{ edgeFiles: [], traceIds: [], kernelThreads: false, hardware: false },
    },
  });
  if (report?.status !== 'ok') throw new Error(`the trial failed: ${report?.message ?? message}`);
  return {
    accountedRequests: report.completed + report.drained,
    instructions: report.end.timeNs - report.start.timeNs,
  };
}
