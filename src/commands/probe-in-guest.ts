import { join } from 'node:path';
import { observeInGuest } from '../boots/observe-in-guest.ts';
import { withInitramfs } from '../boots/series.ts';
import { buildGuestPrograms } from '../build/guest-programs.ts';
import { HELPERS_DIR } from '../build/package.ts';
import { KERNELS_DEFAULTS } from '../config/kernels-config.ts';
import { resolveKernel } from '../kernels/resolve.ts';
import { findQemu } from '../place/guest/qemu.ts';
import type { StoredProbes } from '../probes/stored-schema.ts';
import { createCountProgress } from '../render/count-progress.ts';
import { newRunId } from '../results/run-id.ts';
import { LOGS_FOLDER } from '../results/store.ts';
import { EnvironmentError } from '../util/errors.ts';
import { storeProbes } from './probe-here.ts';

/** Thousands of threads. */
const MEMORY_MB = 1024;

export interface ProbeInGuest {
  /** As `kernels` names them. */
  readonly kernel: string;
  readonly qemu: string | undefined;
  /** Where what was observed is kept, and the console of a guest that breaks. */
  readonly results: string;
  readonly signal: AbortSignal;
}

/** `probeHere` in a guest. Throws `EnvironmentError` with what is missing here, or how the guest broke. */
export async function probeInGuest(
  ids: readonly string[],
  { kernel: named, qemu: path, results, signal }: ProbeInGuest,
): Promise<StoredProbes> {
  const measuredAt = new Date().toISOString();
  const qemu = await findQemu({ ...(path === undefined ? {} : { qemu: path }), signal });
  const kernel = await resolveKernel(named);
  const programs = await buildGuestPrograms({ sourceDir: HELPERS_DIR, programs: [], probes: true, signal });
  const missing = [...programs.skipped.values()][0];
  if (missing !== undefined) throw new EnvironmentError(missing);
  process.stderr.write(`booting Linux ${kernel.release} with QEMU ${qemu.version}\n`);
  const progress = createCountProgress(process.stderr, 'probes');
  const probesId = newRunId(measuredAt);
  try {
    const observed = await withInitramfs(programs, (initramfs) =>
      observeInGuest({
        machine: {
          ...{ qemu, initramfs, programs },
          ...{ cpu: KERNELS_DEFAULTS.cpu, memoryMb: MEMORY_MB, clock: 'icount' },
        },
        ...{ ids, kernel, signal, bootId: probesId },
        folder: join(results, probesId, LOGS_FOLDER),
        onProgress: ({ id, done, of }) => progress.update(done, of, id),
      }),
    );
    return await storeProbes(results, { probesId, measuredAt, ...observed });
  } finally {
    progress.stop();
  }
}
