import type { Artifacts } from '../build/compile.ts';
import { conductShape, jobArguments } from '../drive/file.ts';
import type { OpenedFiles } from '../drive/job-files.ts';
import type { LoadGenerator, LoadReport } from '../load/generator.ts';
import { runFio } from '../server/fio.ts';
import { launchServer } from '../server/launch.ts';
import { NS_PER_MS, NS_PER_S } from '../util/units.ts';
import { type CrosscheckCell, shapeOptions } from './fio-job.ts';
import { parseFioOutput } from './fio-output.ts';
import type { CrosscheckSide, FioSide } from './result-schema.ts';
import { CrosscheckError } from './run-crosscheck.ts';

const CONNECT_TIMEOUT_NS = 30 * NS_PER_S;
/** None ends for so long: it failed, and is not slow. */
const STALL_TIMEOUT_NS = 10 * NS_PER_S;
/** What fio may take beside the job's own time; generous, machines stall. */
const FIO_SPARE_MS = 60_000;

/** What both sides are measured with. */
export interface MeasureMeans {
  readonly artifacts: Artifacts;
  readonly generator: LoadGenerator;
  readonly files: Pick<OpenedFiles, 'pathOf' | 'layOut'>;
  /** Of all children that ended, in ns; see `childrenCpu`. */
  childrenCpuNs(): number;
  readonly durationMs: number;
  readonly signal: AbortSignal;
}

/** One trial of ours: what the kernel counts of the process between the edges of the window. */
export async function measureOurs(
  cell: CrosscheckCell,
  { seed, cpus }: { readonly seed: number; readonly cpus: readonly number[] | null },
  means: MeasureMeans,
): Promise<CrosscheckSide> {
  const { model, workload, shape } = cell;
  const { artifacts, files, generator, signal } = means;
  const program = artifacts.servers.get(model.program);
  try {
    if (program === undefined) throw new Error(artifacts.failures.get(model.program) ?? 'not compiled');
    // What fio wrote there is none of our blocks.
    if (workload.action !== 'read') await files.layOut(program, [workload], signal);
    const args = [
      ...model.options,
      ...jobArguments(model, workload, { path: files.pathOf(workload), seed }),
      ...shapeOptions(shape),
      ...(cpus === null ? [] : [`--cpu=${cpus.join(',')}`]),
    ];
    const server = await launchServer(program, args, signal);
    try {
      return sideOf(await generator.run({ ...requestOf(cell, means), ...processOf(server), seed }, signal));
    } finally {
      await server.stop();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new CrosscheckError(model.id, error);
  }
}

function processOf({ port, pid, countersFd }: Awaited<ReturnType<typeof launchServer>>) {
  return {
    port,
    serverPid: pid,
    countersPath: countersFd === null ? '' : `/proc/${pid}/fd/${countersFd}`,
  };
}

function requestOf({ workload }: CrosscheckCell, { durationMs }: MeasureMeans) {
  return {
    ...conductShape(workload),
    warmupNs: 0,
    measureNs: durationMs * NS_PER_MS,
    connectTimeoutNs: CONNECT_TIMEOUT_NS,
    stallTimeoutNs: STALL_TIMEOUT_NS,
    clientCpus: null,
    edgeFiles: [],
    traceIds: [],
    kernelThreads: false,
    hardware: false,
  };
}

function sideOf(report: LoadReport): CrosscheckSide {
  const { status, message, start, end, sent, completed, windowNs } = report;
  if (status !== 'ok') throw new Error(`${status}: ${message}`);
  if (sent === 0) throw new Error('no operation was issued');
  return {
    cpuNs: end.serverCpuNs - start.serverCpuNs,
    operations: sent,
    operationsPerS: (completed * NS_PER_S) / windowNs,
  };
}

/** One job of fio, and one of a single operation: what the kernel counts of their processes until these have ended. */
export async function measureFio(
  args: readonly string[],
  startArgs: readonly string[],
  means: MeasureMeans,
): Promise<FioSide> {
  const start = await fioJob(startArgs, means);
  const job = await fioJob(args, means);
  const { operations, operationsPerS, reportedCpuNs, cpuNs } = job;
  if (operations === 0) throw new CrosscheckError('fio', new Error('no operation was completed'));
  return { cpuNs, operations, operationsPerS, reportedCpuNs, startCpuNs: start.cpuNs };
}

async function fioJob(args: readonly string[], means: MeasureMeans) {
  const { signal, durationMs, childrenCpuNs } = means;
  const before = childrenCpuNs();
  const { stdout, problem } = await runFio(args, { signal, timeoutMs: durationMs + FIO_SPARE_MS });
  const cpuNs = childrenCpuNs() - before;
  if (problem !== null) throw new CrosscheckError('fio', new Error(problem));
  const report = parseFioOutput(stdout);
  if ('problem' in report) throw new CrosscheckError('fio', new Error(report.problem));
  return { ...report, cpuNs };
}
