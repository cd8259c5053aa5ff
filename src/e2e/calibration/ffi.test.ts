import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileHelpers } from '../../build/compile.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import type { Calibrator } from '../../calibration/calibrator.ts';
import { calibrator } from '../../calibration/ffi.ts';
import { readTopology } from '../../observe/topology.ts';
import { EnvironmentError } from '../../util/errors.ts';

/** More than any host of a test has, and less than CPU_SETSIZE. */
const NO_SUCH_CPU = 1000;

let library: string;
let meter: Calibrator;
beforeAll(async () => {
  const { calibration } = await compileHelpers({ sourceDir: HELPERS_DIR, programs: [] });
  library = calibration;
  meter = calibrator(library);
});

describe('the calibration', () => {
  const [first = 0] = readTopology().allowed;

  test.each([
    { title: 'where the scheduler likes', serverCpu: null, clientCpu: null },
    { title: 'on CPUs of their own', serverCpu: first, clientCpu: readTopology().allowed[1] ?? first },
    { title: 'with both sides on one CPU', serverCpu: first, clientCpu: first },
  ])('measure a loop, a system call and a ping $title', async ({ serverCpu, clientCpu }) => {
    const { spinNs, syscallNs, pingNs } = await meter.measure({ serverCpu, clientCpu });
    expect(syscallNs).toBeGreaterThan(0);
    // The loop holds one such call; a ping holds four, and two threads that wake each other.
    expect(spinNs).toBeGreaterThan(syscallNs);
    expect(pingNs).toBeGreaterThan(4 * syscallNs);
  });

  test('have samples, also where others keep the CPU for all of the time that there is', async () => {
    // As if a nanosecond had been left of it.
    const short = calibrator(library, { loopNs: 1, pingNs: 1 });
    const { spinNs, syscallNs, pingNs } = await short.measure({ serverCpu: first, clientCpu: first });
    for (const ns of [spinNs, syscallNs, pingNs]) expect(ns).toBeGreaterThan(0);
  });

  test('leave the CPUs of the process as they are', async () => {
    const cpus = () => /^Cpus_allowed_list:.*$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[0];
    const before = cpus();
    await meter.measure({ serverCpu: first, clientCpu: first });
    expect(cpus()).toBe(before);
  });

  test('say so where they cannot run on a CPU', async () => {
    const failing = meter.measure({ serverCpu: NO_SUCH_CPU, clientCpu: null });
    await expect(failing).rejects.toThrow(EnvironmentError);
    await expect(failing).rejects.toThrow('cannot calibrate: pthread_create(loops): Invalid argument');
  });

  test('are not taken from a library that is something else', async () => {
    const { loadgen } = await compileHelpers({ sourceDir: HELPERS_DIR, programs: [] });
    expect(() => calibrator(loadgen)).toThrow(EnvironmentError);
    expect(() => calibrator('/nowhere/calibration.so')).toThrow(
      'cannot load the calibration /nowhere/calibration.so',
    );
  });
});
