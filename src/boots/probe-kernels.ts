import { rm, rmdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ProbedKernel } from '../compare/feature-matrix.ts';
import type { Kernel } from '../kernels/schema.ts';
import { SOCKET_MODELS } from '../models/registry.ts';
import type { ModelSpec } from '../models/spec.ts';
import type { Guest } from '../place/guest/boot.ts';
import type { Support } from '../results/schema.ts';
import { LOGS_FOLDER } from '../results/store.ts';
import { supportOf } from '../server/probe.ts';
import { EnvironmentError } from '../util/errors.ts';
import { ANSWER_TIMEOUT_MS, bootIn, type Machine, probeIn } from './boot-run.ts';

/** Both sides of nothing: one CPU boots fastest. */
export const PROBE_SMP = 1;
const BUILD_FILE = '/proc/sys/kernel/version';

export interface ProbeRequest {
  readonly machine: Machine;
  /** Guests at once. */
  readonly jobs: number;
  /** Where the console of a boot that breaks is kept. */
  readonly results: string;
  /** Of the folder in there, for each boot anew. */
  readonly newId: () => string;
  readonly signal: AbortSignal;
  readonly listener: ProbeListener;
}

/** What probing tells while it goes on. */
export interface ProbeListener {
  bootStarted(kernel: Kernel, number: number): void;
  bootEnded(kernel: Kernel, number: number, probed: ProbedKernel): void;
}

/**
 * Boots every kernel once and asks it what it has, as many at once as `jobs`. A boot that breaks is an outcome, and the others
 * go on; only an abort ends all of them.
 */
export async function probeKernels(
  kernels: readonly Kernel[],
  request: ProbeRequest,
): Promise<readonly ProbedKernel[]> {
  const probed = new Map<Kernel, ProbedKernel>();
  const isNew = (await stat(request.results).catch(() => null)) === null;
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const rest = kernels.entries();
  const work = async () => {
    for (const [index, kernel] of rest) {
      if (signal.aborted) return;
      request.listener.bootStarted(kernel, index + 1);
      const outcome = await probeKernel(kernel, { ...request, signal });
      probed.set(kernel, outcome);
      request.listener.bootEnded(kernel, index + 1, outcome);
    }
  };
  const ends = await Promise.allSettled(
    Array.from({ length: Math.min(request.jobs, kernels.length) }, () =>
      work().catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  // Where nothing is kept, nothing is left.
  if (isNew) await rmdir(request.results).catch(() => undefined);
  request.signal.throwIfAborted();
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return kernels.flatMap((kernel) => probed.get(kernel) ?? []);
}

async function probeKernel(kernel: Kernel, request: ProbeRequest): Promise<ProbedKernel> {
  const { machine, results, signal } = request;
  const { release } = kernel;
  const image = basename(kernel.path);
  const folder = join(results, request.newId());
  try {
    const answers = await probeInGuest(kernel, join(folder, LOGS_FOLDER), { machine, signal });
    await rm(folder, { recursive: true, force: true });
    return { release, image, status: 'probed', ...answers };
  } catch (error) {
    if (signal.aborted) await rm(folder, { recursive: true, force: true });
    signal.throwIfAborted();
    if (!(error instanceof EnvironmentError)) throw error;
    return { release, image, status: 'broke', problem: error.message };
  }
}

async function probeInGuest(
  { path }: Kernel,
  logs: string,
  { machine, signal }: Pick<ProbeRequest, 'machine' | 'signal'>,
) {
  const guest = await bootIn({ machine, kernel: path, guest: { smp: PROBE_SMP }, signal }, logs);
  try {
    const { agent } = guest;
    const limitMs = ANSWER_TIMEOUT_MS.least;
    const texts = await guest.within('its version', limitMs, () => agent.files([BUILD_FILE], signal));
    const groups = await guest.within('what its kernel has', limitMs, () => agent.features(signal));
    const support: Support[] = [];
    for (const model of SOCKET_MODELS) support.push(await askModel(guest, model, { machine, signal }));
    await guest.powerOff();
    return { build: texts.get(BUILD_FILE)?.trim() ?? '', groups, support };
  } finally {
    await guest.kill();
  }
}

/** Whether a row runs there, asked for as many connections as it holds by default. */
function askModel(
  guest: Guest,
  row: ModelSpec,
  { machine: { programs }, signal }: Pick<ProbeRequest, 'machine' | 'signal'>,
): Promise<Support> {
  const built = {
    servers: new Map(programs.programs.map((program) => [program, program])),
    failures: programs.skipped,
  };
  return supportOf(row, built, [], (model, path, connections) =>
    probeIn(guest, { model, path, connections, signal }),
  );
}
