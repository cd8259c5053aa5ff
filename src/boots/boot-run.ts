import { join } from 'node:path';
import type { GuestPrograms } from '../build/guest-programs.ts';
import type { Agent, TrialAnswer } from '../place/agent/agent.ts';
import { bootGuest, type Guest } from '../place/guest/boot.ts';
import { GuestError } from '../place/guest/failures.ts';
import type { Qemu } from '../place/guest/qemu.ts';
import type { Environment, Guest as GuestRecord, RunSettings } from '../results/schema.ts';
import { createStore, LOGS_FOLDER } from '../results/store.ts';
import { type RunDeps, type RunListener, type RunOutcome, runBenchmark } from '../run.ts';
import { probeArguments, supportFrom } from '../server/probe.ts';
import type { Away } from '../trial.ts';
import { NS_PER_MS } from '../util/units.ts';
import { readGuestEnvironment } from './guest-environment.ts';

/** From the start of QEMU to the agent's hello: 3 to 8 s on an idle host. */
const BOOT_TIMEOUT_MS = 180_000;
/** Time of the guest in which whatever its boot left to do is done; nobody executes much, so it passes fast. */
const SETTLE_MS = 5_000;
/**
 * How long an answer may take: some time in any case, and what the slowest emulation takes for the guest's own time, which
 * has 5 instructions a microsecond, and for every connection, which costs some 200,000.
 */
const ANSWER_TIMEOUT_MS = { least: 120_000, perGuestMs: 200, perConnection: 40 } as const;

/** What all boots of a series have in common. */
export interface Machine {
  readonly qemu: Qemu;
  readonly cpu: string;
  readonly memoryMb: number;
  readonly clock: GuestRecord['clock'];
  readonly initramfs: string;
  readonly programs: GuestPrograms;
}

export interface BootRequest {
  readonly machine: Machine;
  /** Path of the image. */
  readonly kernel: string;
  readonly guest: GuestRecord;
  readonly settings: RunSettings;
  readonly runId: string;
  /** The folder of the runs. */
  readonly results: string;
  readonly tool: RunDeps['tool'];
  readonly listener: RunListener;
  readonly signal: AbortSignal;
  /** A plugin to load, and whether to mark the measured windows for it. */
  readonly plugin?: { readonly path: string; readonly output: string };
  /** Called before power-off, with what was measured. */
  readonly beforePowerOff?: (agent: Agent, outcome: RunOutcome) => Promise<void>;
}

/**
 * Boots a kernel, measures a run in it, stores that as any run, and powers off. The console is kept in the run's folder. Rejects
 * with `GuestError` where the guest breaks (what was measured by then is stored), and as `runBenchmark` does.
 */
export async function bootRun(request: BootRequest): Promise<RunOutcome> {
  const { signal } = request;
  const guest = await bootIn(request, join(request.results, request.runId, LOGS_FOLDER));
  try {
    const environment = await prepared(guest, request);
    const outcome = await runBenchmark(
      {
        kind: 'run',
        settings: request.settings,
        runId: request.runId,
        warnings: guest.agent.hello.problems,
        wait: false,
      },
      guestDeps(guest.agent, { request, environment }),
      { listener: request.listener, signal },
    );
    signal.throwIfAborted();
    await request.beforePowerOff?.(guest.agent, outcome);
    await guest.powerOff();
    return outcome;
  } finally {
    await guest.kill();
  }
}

/** Boots a kernel of a series. @param folder for its console. */
export function bootIn(
  {
    machine,
    kernel,
    guest,
    signal,
    plugin,
  }: Pick<BootRequest, 'machine' | 'kernel' | 'signal' | 'plugin'> & {
    readonly guest: Pick<GuestRecord, 'smp'>;
  },
  folder: string,
): Promise<Guest> {
  const { qemu, cpu, memoryMb, clock, initramfs } = machine;
  return bootGuest({
    ...{ qemu, cpu, memoryMb, clock, initramfs, kernel, folder, signal, smp: guest.smp },
    ...(plugin ? { plugin } : {}),
    bootTimeoutMs: BOOT_TIMEOUT_MS,
  });
}

async function prepared({ agent }: Guest, { signal, guest }: BootRequest): Promise<Environment> {
  await agent.settle(SETTLE_MS, signal);
  // Not before: which clock the kernel trusts is decided meanwhile.
  const environment = await readGuestEnvironment(agent, signal);
  return { ...environment, guest };
}

interface DepsInput {
  readonly request: BootRequest;
  readonly environment: Environment;
}

/** The world as a guest is of it: everything by its agent. */
function guestDeps(agent: Agent, { request, environment }: DepsInput): RunDeps {
  const { machine, results, tool, signal } = request;
  const { programs } = machine;
  const never = (what: string) => () => Promise.reject(new Error(`a guest has no ${what}`));
  return {
    compile: () =>
      Promise.resolve({
        info: programs.info,
        servers: new Map(programs.programs.map((program) => [program, program])),
        failures: programs.skipped,
        loadgen: programs.agent,
        calibration: '',
      }),
    probe: async (model, path, connections) => {
      const answer = await agent.probe(path, probeArguments(model, connections), signal);
      const { exitCode, signal: killed, stdout, stderr } = answer;
      const ended = killed === null ? {} : { message: `it was ended by ${killed}` };
      return supportFrom(model, connections, { exitCode: exitCode ?? undefined, stdout, stderr, ...ended });
    },
    whyNotVariant: () => Promise.resolve('a guest has no commands'),
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
    launchTraced: never('launcher'),
    preflight: never('preflight'),
    away: awayIn(agent, request.plugin !== undefined),
    monotonicMs: () => performance.now(),
    now: () => new Date().toISOString(),
  };
}

/** Trials by the agent of a guest; the first of a boot is made twice, for what it finds is not yet warm. */
function awayIn(agent: Agent, marks: boolean): Away {
  let isFirst = true;
  const ask = (trial: Parameters<Agent['trial']>[0], signal: AbortSignal) =>
    within(
      answerTimeoutMs(trial.load),
      `the result of ${trial.program} ${trial.args.join(' ')}`,
      signal,
      (limited) => agent.trial(trial, limited),
    );
  return {
    trial: async (trial, signal): Promise<TrialAnswer> => {
      if (isFirst) await ask(trial, signal);
      isFirst = false;
      return ask({ ...trial, marks }, signal);
    },
  };
}

function answerTimeoutMs({
  warmupNs,
  measureNs,
  connections,
}: Parameters<Agent['trial']>[0]['load']): number {
  const { least, perGuestMs, perConnection } = ANSWER_TIMEOUT_MS;
  return least + ((warmupNs + measureNs) / NS_PER_MS) * perGuestMs + connections * perConnection;
}

/** Rejects with `GuestError` where `what` does not come in time; its signal is aborted then. */
export async function within<T>(
  ms: number,
  what: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(ms);
  try {
    return await work(AbortSignal.any([signal, deadline]));
  } catch (cause) {
    if (!deadline.aborted || signal.aborted) throw cause;
    throw new GuestError('deadline', `${what} did not come within ${Math.round(ms / 1000)} s`, { cause });
  }
}
