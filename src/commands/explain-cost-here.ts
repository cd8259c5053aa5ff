import { join } from 'node:path';
import { explainCost } from '../boots/explain-cost.ts';
import { withInitramfs } from '../boots/series.ts';
import { buildGuestPrograms } from '../build/guest-programs.ts';
import { HELPERS_DIR } from '../build/package.ts';
import { buildPlugin } from '../build/plugin.ts';
import { KERNELS_DEFAULTS } from '../config/kernels-config.ts';
import type { PathLength } from '../explain/explain-schema.ts';
import { listKernels, resolveKernel } from '../kernels/resolve.ts';
import type { Kernel } from '../kernels/schema.ts';
import { findQemu } from '../place/guest/qemu.ts';
import { newRunId } from '../results/run-id.ts';
import { LOGS_FOLDER } from '../results/store.ts';
import { EnvironmentError } from '../util/errors.ts';

/** Small sets of descriptors and a kernel: all that a cost takes. */
const MEMORY_MB = 1024;

export interface ExplainHere {
  /** As `kernels` names them; undefined: this host's, else the newest that there is. */
  readonly kernel: string | undefined;
  readonly qemu: string | undefined;
  /** For the console of a guest that breaks. */
  readonly results: string;
  readonly signal: AbortSignal;
}

/** Boots a kernel and counts what a cost executes in it. Throws `EnvironmentError` with what is missing here. */
export async function explainCostHere(
  id: string,
  { kernel: named, qemu: path, results, signal }: ExplainHere,
): Promise<PathLength> {
  const qemu = await findQemu({ ...(path === undefined ? {} : { qemu: path }), signal });
  if (!qemu.plugins)
    throw new EnvironmentError(`${qemu.path} loads no plugins, which count what a guest executes`);
  const kernel = named === undefined ? await defaultKernel() : await resolveKernel(named);
  const programs = await buildGuestPrograms({ sourceDir: HELPERS_DIR, programs: [], costs: true, signal });
  const missing = [...programs.skipped.values()][0];
  if (missing !== undefined) throw new EnvironmentError(missing);
  const pluginPath = await buildPlugin({ sourceDir: HELPERS_DIR, signal });
  process.stderr.write(`booting Linux ${kernel.release} with QEMU ${qemu.version}, half a minute or so\n`);
  return withInitramfs(programs, (initramfs) =>
    explainCost(id, {
      machine: {
        ...{ qemu, initramfs, programs },
        ...{ cpu: KERNELS_DEFAULTS.cpu, memoryMb: MEMORY_MB, clock: 'icount' },
      },
      ...{ kernel, pluginPath, signal },
      folder: join(results, newRunId(new Date().toISOString()), LOGS_FOLDER),
    }),
  );
}

/** Of this host where its image can be had, for then the answer is about the kernel that was measured. */
async function defaultKernel(): Promise<Kernel> {
  const host = await resolveKernel('host').catch((error: unknown) => {
    if (!(error instanceof EnvironmentError)) throw error;
    return null;
  });
  const newest = host ?? (await listKernels()).kernels.at(-1);
  if (newest === undefined)
    throw new EnvironmentError('there is no kernel to boot: iomodels-bench kernels get fetches one');
  return newest;
}
