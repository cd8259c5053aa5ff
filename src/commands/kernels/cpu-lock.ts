import { compileHelpers } from '../../build/compile.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { lockCpus } from '../../host/cpu-lock.ts';
import { readTopology } from '../../observe/topology.ts';
import type { Guest } from '../../results/schema.ts';

interface Locked {
  readonly clock: Guest['clock'];
  /** Of the series. */
  readonly id: string;
  readonly wait: boolean;
  readonly signal: AbortSignal;
}

/**
 * Does `work` while no run measures on the CPUs that guests may use, where their clock is a wall clock: each would measure the
 * other, as two runs would. Instructions count the same whoever else has the CPUs, so that other clocks lock nothing. Throws as
 * `lockCpus` does.
 */
export async function withCpusLocked<T>(
  { clock, id, wait, signal }: Locked,
  work: () => Promise<T>,
): Promise<T> {
  if (clock !== 'kvm') return work();
  // Guests need nothing of this host's libraries otherwise.
  const { fileLocker } = await import('../../load/ffi.ts');
  const { loadgen } = await compileHelpers({ sourceDir: HELPERS_DIR, programs: [], signal });
  const { warning, release } = await lockCpus({
    cpus: readTopology().allowed,
    holder: `kernels run ${id} (process ${process.pid}, begun ${new Date().toISOString()})`,
    ...fileLocker(loadgen),
    elsewhere: 'run this on other CPUs with taskset',
    onWait: (message) => process.stderr.write(`${message}\n`),
    ...{ wait, signal },
  });
  if (warning !== null) process.stderr.write(`warning: ${warning}\n`);
  try {
    return await work();
  } finally {
    release();
  }
}
