import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildGuestPrograms, type GuestPrograms } from '../build/guest-programs.ts';
import { HELPERS_DIR } from '../build/package.ts';
import type { Kernel } from '../kernels/resolve.ts';
import { findModel, programsOf, SOCKET_MODELS } from '../models/registry.ts';
import { writeInitramfs } from '../place/guest/initramfs.ts';
import { derivedSeed } from '../plan/order.ts';
import { newRunId } from '../results/run-id.ts';
import type { Guest, RunKind, RunResult, RunSettings, Trial, TrialResult } from '../results/schema.ts';
import { RECORD_FILE } from '../results/store.ts';
import type { RunDeps, RunListener } from '../run.ts';
import { codeOf, EnvironmentError, InterruptedError, messageOf, NotWrittenError } from '../util/errors.ts';
import { counted } from '../util/units.ts';
import { bootRun, type Clocks, type Machine } from './boot-run.ts';
import type { ExplainMeans } from './explain-boot.ts';
import type { PlannedBoot } from './plan-boots.ts';

/** What boots of one series have in common. */
export interface SeriesRequest {
  /** Of the series. */
  readonly id: string;
  /** All that are part of it: their order is that of the tables. */
  readonly kernels: readonly Kernel[];
  /** Guests at once. */
  readonly jobs: number;
  /** What the boots are measured for. */
  readonly kind: RunKind;
  readonly settings: RunSettings;
  readonly machine: Machine;
  readonly results: string;
  readonly tool: RunDeps['tool'];
  readonly clocks: Clocks;
  readonly signal: AbortSignal;
  readonly listener: SeriesListener;
  /** Of which boots the instructions are counted by function as well: of the first of every kernel, or all; null: of none. */
  readonly explain: (ExplainMeans & { readonly which: 'first' | 'all' }) | null;
}

/** What a series tells while it goes on. */
export interface SeriesListener {
  bootStarted(boot: SeriesBoot, number: number, of: number): void;
  trialEnded(boot: SeriesBoot, result: TrialResult): void;
  bootEnded(boot: SeriesBoot, outcome: BootOutcome): void;
}

export type SeriesBoot = PlannedBoot<Kernel>;

/** A boot with what it measured, or why it has nothing. */
export type BootOutcome =
  | {
      readonly planned: SeriesBoot;
      readonly runId: string;
      readonly folder: string;
      readonly result: RunResult;
      /** Why it was not explained although it was to be. */
      readonly unexplained: string | null;
    }
  | { readonly planned: SeriesBoot; readonly runId: string; readonly error: Error };

/**
 * Boots kernels of a series, as many at once as `jobs`, and measures a run in each. A boot that breaks is an outcome, and the
 * others go on. Rejects, once every guest is off, with `InterruptedError` where it is aborted, which says what is stored; with
 * `NotWrittenError` where results cannot be written; and with what is no guest's fault.
 * @param boot how one is measured.
 */
export async function runBoots(
  planned: readonly SeriesBoot[],
  request: SeriesRequest,
  boot: typeof bootRun = bootRun,
): Promise<readonly BootOutcome[]> {
  const hashes = new Map<string, string>();
  for (const { path } of request.kernels) hashes.set(path, await imageHash(path));
  const outcomes: BootOutcome[] = [];
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  // With one CPU the sides can be told apart as well.
  const fewestCpus = Math.min(...planned.map(({ smp }) => smp));
  const rest = planned.entries();
  const work = async () => {
    for (const [index, next] of rest) {
      if (signal.aborted) return;
      request.listener.bootStarted(next, index + 1, planned.length);
      const { explain } = request;
      const isExplained = explain?.which === 'all' || (next.boot === 0 && next.smp === fewestCpus);
      const hash = hashes.get(next.kernel.path) ?? '';
      const own = { ...request, signal, explain: isExplained ? explain : null };
      const outcome = await bootOf(next, own, { hash, boot });
      outcomes.push(outcome);
      request.listener.bootEnded(next, outcome);
    }
  };
  const ends = await Promise.allSettled(
    Array.from({ length: Math.min(request.jobs, planned.length) }, () =>
      work().catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  if (request.signal.aborted) {
    const complete = outcomes.filter((outcome) => 'result' in outcome).length;
    throw new InterruptedError(
      `interrupted with ${complete} of ${counted(planned.length, 'boot')} complete; what was measured is in ${request.results} (series ${request.id})`,
    );
  }
  if (stop.signal.aborted) throw stop.signal.reason;
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return outcomes;
}

async function bootOf(
  planned: SeriesBoot,
  request: SeriesRequest,
  { hash, boot: measure }: { readonly hash: string; readonly boot: typeof bootRun },
): Promise<BootOutcome> {
  const { kernel, smp, boot } = planned;
  const { clocks, machine, kind, settings, results, tool, signal, listener, explain } = request;
  const guest: Guest = {
    clock: machine.clock,
    qemu: machine.qemu.version,
    cpu: machine.cpu,
    memoryMb: machine.memoryMb,
    image: basename(kernel.path),
    imageHash: hash,
    series: request.id,
    ...{ smp, boot },
    place: request.kernels.indexOf(kernel),
  };
  const runId = newRunId(request.clocks.now());
  try {
    const outcome = await measure({
      ...{ machine, guest, kind, runId, results, tool, clocks, signal },
      kernel: kernel.path,
      settings: settingsOf(settings, { smp, boot }),
      ...(explain ? { explain } : {}),
      listener: listenerOf((result) => listener.trialEnded(planned, result)),
    });
    return { planned, runId, ...outcome };
  } catch (error) {
    if (signal.aborted) await removeUnbegun(join(results, runId));
    signal.throwIfAborted();
    if (!(error instanceof EnvironmentError) || error instanceof NotWrittenError) throw error;
    return { planned, runId, error };
  }
}

/** Of a boot that was ended before its run began there is but a console that says nothing. */
async function removeUnbegun(folder: string): Promise<void> {
  const record = await stat(join(folder, RECORD_FILE)).catch(() => null);
  if (record === null) await rm(folder, { recursive: true, force: true });
}

/** The first 16 hexadecimal digits of an image's SHA-256. Throws `EnvironmentError` where it cannot be read. */
export async function imageHash(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new EnvironmentError(`cannot read ${path}: ${codeOf(cause) ?? messageOf(cause)}`, { cause });
  });
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** With one CPU both sides share it. The order of trials changes from boot to boot, alike for all kernels. */
function settingsOf(
  settings: RunSettings,
  { smp, boot }: { readonly smp: number; readonly boot: number },
): RunSettings {
  return {
    ...settings,
    seed: derivedSeed(settings.seed, 3, boot),
    serverCpus: [smp === 1 ? 0 : 1],
    clientCpus: [0],
  };
}

function listenerOf(trialEnded: (result: TrialResult) => void): RunListener {
  const nothing = () => {};
  return {
    waiting: nothing,
    planned: nothing,
    trialStarted: (_trial: Trial) => {},
    trialEnded,
    blockEnded: nothing,
    repeating: nothing,
  };
}

/** The programs of a guest that the rows of a run need; all of them without a word. */
export function buildFor(
  models: readonly string[] = SOCKET_MODELS.map(({ id }) => id),
  signal?: AbortSignal,
): Promise<GuestPrograms> {
  const specs = models.flatMap((id) => findModel(id) ?? []);
  return buildGuestPrograms({ sourceDir: HELPERS_DIR, ...programsOf(specs), ...(signal ? { signal } : {}) });
}

/** Makes an initramfs of programs, for as long as `work` takes. */
export async function withInitramfs<T>(
  programs: GuestPrograms,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'iomodels-bench-')).catch((cause: unknown) => {
    throw new EnvironmentError(
      `cannot make a temporary folder in ${tmpdir()}: ${codeOf(cause) ?? messageOf(cause)}; TMPDIR names another`,
      { cause },
    );
  });
  try {
    const path = join(folder, 'initramfs');
    await writeInitramfs(path, {
      agent: programs.agent,
      programs: new Map(programs.programs.map((name) => [name, join(programs.folder, name)])),
    });
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
