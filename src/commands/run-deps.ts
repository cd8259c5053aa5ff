import { compileHelpers } from '../build/compile.ts';
import { HELPERS_DIR, readTool } from '../build/package.ts';
import { calibrator } from '../calibration/ffi.ts';
import type { RunConfig } from '../config/run-config.ts';
import { openJobFiles } from '../drive/job-files.ts';
import { lockCpus } from '../host/cpu-lock.ts';
import { linuxHost } from '../host/host.ts';
import {
  fileLocker,
  hardwareErrnos,
  listenerAdopter,
  loadGenerator,
  spawner,
  traceChecker,
  whyNotCpu,
} from '../load/ffi.ts';
import { quotaStatFiles } from '../observe/cgroup.ts';
import { readEnvironment } from '../observe/environment.ts';
import { TRACED_SYSCALLS } from '../observe/traced-syscalls.ts';
import { findTracepoints } from '../observe/tracepoints.ts';
import { createProgress } from '../render/progress.ts';
import { newRunId } from '../results/run-id.ts';
import type { InstrumentSupport, RunKind } from '../results/schema.ts';
import { createStore } from '../results/store.ts';
import {
  type AuditMeans,
  hasFailures,
  interrupted,
  type RunDeps,
  type RunOutcome,
  runBenchmark,
} from '../run.ts';
import { describeServer } from '../server/describe.ts';
import { launchForeign } from '../server/foreign.ts';
import { launchServer, type Start, startBy } from '../server/launch.ts';
import { preflightEcho } from '../server/preflight.ts';
import { probeModel, whyNotVariant } from '../server/probe.ts';
import { launchTraced, straceCounts, straceSupport } from '../server/strace.ts';
import { TrialsFailedError } from '../util/errors.ts';

/** Where a command measures to, and what it measures. */
export interface Measurement {
  readonly kind: RunKind;
  /** The folder of the runs. */
  readonly results: string;
  readonly signal: AbortSignal;
  /** Whether to wait for another run on the same CPUs. */
  readonly wait: boolean;
}

/** Measures on this machine and stores it: what every command that measures shares. */
export async function measureRun(
  config: RunConfig,
  { kind, results, signal, wait }: Measurement,
): Promise<RunOutcome> {
  const progress = createProgress(process.stderr);
  const deps = realDeps(results);
  try {
    return await runBenchmark(
      { kind, settings: config.settings, runId: newRunId(deps.now()), warnings: config.warnings, wait },
      deps,
      { listener: progress, signal },
    );
  } catch (error) {
    if (signal.aborted) throw interrupted(null);
    throw error;
  } finally {
    progress.stop();
  }
}

/** Ends a command as its run went, once everything is printed. */
export function endAsMeasured({ result, folder }: RunOutcome, signal: AbortSignal): void {
  if (signal.aborted) throw interrupted(folder);
  if (hasFailures(result)) throw new TrialsFailedError('not every trial went well; see the notes above');
}

function realDeps(outDir: string): RunDeps {
  return {
    compile: (request) => compileHelpers({ sourceDir: HELPERS_DIR, ...request }),
    probe: probeModel,
    openFiles: (request, loadgenPath) =>
      openJobFiles({
        ...request,
        elsewhere: [outDir, process.cwd()],
        tryLock: fileLocker(loadgenPath).tryLock,
      }),
    whyNotVariant,
    readEnvironment: () => readEnvironment(),
    whyNotCpu,
    quotaFiles: () => quotaStatFiles(linuxHost()),
    loadGenerator,
    calibrator,
    away: null,
    launch: launcher(),
    launchForeign: foreignLauncher(),
    describeServer,
    launchTraced,
    straceCounts,
    prepareAudit,
    hardwareErrnos,
    preflight: preflightEcho,
    lockCpus: (request, loadgenPath) => lockCpus({ ...request, ...fileLocker(loadgenPath) }),
    createStore: (runId) => createStore(outDir, runId),
    monotonicMs: () => performance.now(),
    now: () => new Date().toISOString(),
    tool: readTool(),
  };
}

/** Without a copy of this process for each server. */
function launcher(): RunDeps['launch'] {
  let start: Start | undefined;
  return (path, args, { loadgenPath, signal }) => {
    start ??= startBy(spawner(loadgenPath));
    return launchServer(path, args, signal, start);
  };
}

/** The library is bound once. */
function foreignLauncher(): RunDeps['launchForeign'] {
  let adopt: ReturnType<typeof listenerAdopter> | undefined;
  return (request, { loadgenPath, signal }) => {
    adopt ??= listenerAdopter(loadgenPath);
    return launchForeign(request, { adopt, signal });
  };
}

/** The kernel's tracepoints and strace, each with the reason where it cannot be used. */
async function prepareAudit(loadgenPath: string): Promise<AuditMeans> {
  const check = traceChecker(loadgenPath);
  const found = findTracepoints(TRACED_SYSCALLS, {
    host: linuxHost(),
    check: (id) => check(process.pid, id),
  });
  const tracepoint: InstrumentSupport = {
    counter: 'tracepoint',
    available: found.available,
    reason: found.available ? null : found.reason,
  };
  return { counters: [tracepoint, await straceSupport()], tracepoints: found.available ? found.events : [] };
}
