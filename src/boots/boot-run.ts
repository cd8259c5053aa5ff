import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestPrograms } from '../build/guest-programs.ts';
import type { KernelSymbols } from '../explain/symbols.ts';
import type { ModelSpec } from '../models/spec.ts';
import type { Agent, TrialAnswer } from '../place/agent/agent.ts';
import { bootGuest, type Guest, type GuestOptions } from '../place/guest/boot.ts';
import { consoleBytes, readConsole } from '../place/guest/console.ts';
import { GuestError, memoryFault } from '../place/guest/failures.ts';
import type { Qemu } from '../place/guest/qemu.ts';
import type { Environment, Guest as GuestRecord, RunKind, RunSettings, Support } from '../results/schema.ts';
import { createStore, LOGS_FOLDER } from '../results/store.ts';
import { type RunDeps, type RunListener, type RunOutcome, runBenchmark } from '../run.ts';
import { probeArguments, supportFrom } from '../server/probe.ts';
import type { Away } from '../trial.ts';
import { NS_PER_MS } from '../util/units.ts';
import { type ExplainMeans, explainBoot } from './explain-boot.ts';
import { readGuestEnvironment } from './guest-environment.ts';

/** From the start of QEMU to the agent's hello: 3 to 8 s on an idle host. */
const BOOT_TIMEOUT_MS = 180_000;
/** Time of the guest in which whatever its boot left to do is done; nobody executes much, so it passes fast. */
const SETTLE_MS = 5_000;
/**
 * How long an answer may take: some time in any case, and what the slowest emulation takes for the guest's own time, which
 * has 5 instructions a microsecond, and for every connection, which costs some 200,000.
 */
export const ANSWER_TIMEOUT_MS = { least: 120_000, perGuestMs: 200, perConnection: 40 } as const;

const WARMING_CONNECTIONS_MAX = 1000;

/** What all boots of a series have in common. */
export interface Machine {
  readonly qemu: Qemu;
  readonly cpu: string;
  readonly memoryMb: number;
  readonly clock: GuestRecord['clock'];
  readonly initramfs: string;
  readonly programs: GuestPrograms;
}

/** Of the host. */
export type Clocks = Pick<RunDeps, 'now' | 'monotonicMs'>;

export interface BootRequest {
  readonly machine: Machine;
  /** Path of the image. */
  readonly kernel: string;
  readonly guest: GuestRecord;
  /** What the run is measured for. */
  readonly kind: RunKind;
  readonly settings: RunSettings;
  readonly runId: string;
  /** The folder of the runs. */
  readonly results: string;
  readonly tool: RunDeps['tool'];
  readonly clocks: Clocks;
  readonly listener: RunListener;
  readonly signal: AbortSignal;
  /** How its instructions are counted by function as well; absent: they are not. */
  readonly explain?: ExplainMeans;
}

export interface BootRunOutcome extends RunOutcome {
  /** Why it was not explained although it was to be; null: it was, or was not to be. */
  readonly unexplained: string | null;
}

/**
 * Boots a kernel, measures a run in it, stores that as any run, and powers off. The console is kept in the run's folder. Rejects
 * with `GuestError` where the guest breaks (what was measured by then is stored), and as `runBenchmark` does.
 * @param boot how a guest is booted.
 */
export async function bootRun(
  request: BootRequest,
  boot: typeof bootGuest = bootGuest,
): Promise<BootRunOutcome> {
  const { signal, explain, runId } = request;
  const plugin = explain && { path: explain.pluginPath, output: join(explain.folder, `${runId}.counts`) };
  const guest = await bootIn(
    { ...request, ...(plugin ? { plugin } : {}) },
    join(request.results, runId, LOGS_FOLDER),
    boot,
  );
  try {
    const environment = await prepared(guest, request);
    const outcome = await runBenchmark(
      {
        kind: request.kind,
        settings: request.settings,
        runId: request.runId,
        warnings: guest.agent.hello.problems,
        wait: false,
      },
      guestDeps(guest, { request, environment }),
      { listener: request.listener, signal },
    );
    signal.throwIfAborted();
    const symbols = explain && (await symbolsOf(guest, explain, request));
    if (typeof symbols === 'string') return { ...outcome, unexplained: symbols };
    await guest.powerOff();
    if (plugin === undefined || symbols === undefined) return { ...outcome, unexplained: null };
    const unexplained = await explainBoot({ ...outcome, symbols, pluginOutput: plugin.output });
    return { ...outcome, unexplained };
  } finally {
    await guest.kill();
    if (plugin !== undefined) await rm(plugin.output, { force: true });
  }
}

/**
 * The symbols of a guest's kernel, or why they cannot be had: by then all is measured and stored, so that a guest that breaks costs
 * its explanation and no more. They are megabytes over a serial line, which a host that is busy carries slowly.
 */
async function symbolsOf(
  guest: Guest,
  { symbols }: ExplainMeans,
  { guest: { imageHash }, signal }: BootRequest,
): Promise<KernelSymbols | string> {
  try {
    return await guest.within("its kernel's symbols", ANSWER_TIMEOUT_MS.least, () =>
      symbols.of(imageHash, guest.agent, signal),
    );
  } catch (error) {
    if (!(error instanceof GuestError)) throw error;
    return `not explained: ${error.message}`;
  }
}

/** Boots a kernel of a series. @param folder for its console. */
export function bootIn(
  request: Pick<BootRequest, 'machine' | 'kernel' | 'signal'> &
    Pick<GuestOptions, 'plugin'> & { readonly guest: Pick<GuestRecord, 'smp'> },
  folder: string,
  boot: typeof bootGuest = bootGuest,
): Promise<Guest> {
  const { machine, kernel, guest, signal, plugin } = request;
  const { qemu, cpu, memoryMb, clock, initramfs } = machine;
  return boot({
    ...{ qemu, cpu, memoryMb, clock, initramfs, kernel, folder, signal, smp: guest.smp },
    ...(plugin ? { plugin } : {}),
    bootTimeoutMs: BOOT_TIMEOUT_MS,
  });
}

async function prepared(booted: Guest, { signal, guest }: BootRequest): Promise<Environment> {
  const { agent } = booted;
  return booted.within('what it says of itself', ANSWER_TIMEOUT_MS.least, async () => {
    await agent.settle(SETTLE_MS, signal);
    // Not before: which clock the kernel trusts is decided meanwhile.
    const environment = await readGuestEnvironment(agent, signal);
    return { ...environment, guest };
  });
}

/** Asks the program of a model in a guest whether it can run there, as `probeModel` does here. */
export function probeIn(
  guest: Guest,
  asked: {
    readonly model: ModelSpec;
    /** The program's name. */
    readonly path: string;
    /** That it is to hold; null: as many as it holds by default. */
    readonly connections: number | null;
    readonly signal: AbortSignal;
  },
): Promise<Support> {
  const { model, path, connections, signal } = asked;
  return guest.within(`the probe of ${path}`, ANSWER_TIMEOUT_MS.least, async () => {
    const answer = await guest.agent.probe(path, probeArguments(model, connections), { signal });
    const { exitCode, signal: killed, stdout, stderr } = answer;
    const ended = killed === null ? {} : { message: `it was ended by ${killed}` };
    return supportFrom(model, connections, { exitCode: exitCode ?? undefined, stdout, stderr, ...ended });
  });
}

interface DepsInput {
  readonly request: BootRequest;
  readonly environment: Environment;
}

/** The world as a guest is of it: everything by its agent. */
function guestDeps(guest: Guest, { request, environment }: DepsInput): RunDeps {
  const { machine, results, tool, signal } = request;
  const { programs } = machine;
  const never = (what: string) => () => Promise.reject(new Error(`a guest has no ${what}`));
  return {
    compile: () =>
      Promise.resolve({
        info: programs.info,
        servers: new Map(programs.programs.map((program) => [program, program])),
        failures: programs.skipped,
        lacking: new Set(),
        loadgen: programs.agent,
        calibration: '',
      }),
    probe: (model, path, connections) => probeIn(guest, { model, path, connections, signal }),
    whyNotVariant: () => Promise.resolve('a guest has no commands'),
    openFiles: never('files'),
    whyNotCpu: () => null,
    prepareAudit: () => Promise.resolve({ counters: [], tracepoints: [] }),
    readEnvironment: () => environment,
    quotaFiles: () => [],
    loadGenerator: () => ({ run: never('load generator'), progress: () => null }),
    calibrator: null,
    hardwareErrnos: () => [],
    createStore: (runId) => createStore(results, runId),
    lockCpus: () => Promise.resolve({ warning: null, release: () => {} }),
    tool,
    launch: never('launcher'),
    launchForeign: never('launcher'),
    describeServer: never('commands'),
    launchTraced: never('launcher'),
    straceCounts: never('strace'),
    preflight: never('preflight'),
    away: awayIn(guest, request.explain !== undefined),
    ...request.clocks,
  };
}

/** Trials by the agent of a guest; the first of a boot is made twice, for what it finds is not yet warm. */
function awayIn(guest: Guest, marks: boolean): Away {
  let isFirst = true;
  const ask = (trial: Parameters<Agent['trial']>[0], signal: AbortSignal) =>
    guest.within(`the result of ${trial.program} ${trial.args.join(' ')}`, answerTimeoutMs(trial.load), () =>
      guest.agent.trial(trial, signal),
    );
  return {
    trial: async (trial, signal): Promise<TrialAnswer> => {
      if (isFirst) await ask({ ...trial, load: warmingLoad(trial.load) }, signal);
      isFirst = false;
      const said = await consoleBytes(guest.consolePath);
      const answer = await ask({ ...trial, marks }, signal);
      if (answer.stage === null) return answer;
      const fault = memoryFault(await readConsole(guest.consolePath, said));
      return fault === null ? answer : { ...answer, message: `${answer.message}: ${fault}` };
    },
  };
}

/** Connections that only stay open warm nothing, and take their time. */
function warmingLoad<T extends Parameters<Agent['trial']>[0]['load']>(load: T): T {
  return { ...load, connections: Math.min(load.connections, Math.max(load.active, WARMING_CONNECTIONS_MAX)) };
}

function answerTimeoutMs({
  warmupNs,
  measureNs,
  connections,
}: Parameters<Agent['trial']>[0]['load']): number {
  const { least, perGuestMs, perConnection } = ANSWER_TIMEOUT_MS;
  return least + ((warmupNs + measureNs) / NS_PER_MS) * perGuestMs + connections * perConnection;
}
