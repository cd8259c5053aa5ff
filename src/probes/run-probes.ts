import { execa } from 'execa';
import { buildProbes, type ProbesProgram } from '../build/probes.ts';
import { type Observation, observationSchema, type ProbeInfo, probeInfoSchema } from './schema.ts';

const LIST_TIMEOUT_MS = 30_000;
const GRACE_MS = 5_000;
/** Of an answer; more is cut off, and then it is none. */
const OUTPUT_MAX_BYTES = 65_536;

export interface ProbesProgress {
  /** The probe that begins. */
  readonly id: string;
  readonly done: number;
  readonly of: number;
}

export interface RunProbesRequest {
  /** Ids of probes, or all that there are. */
  readonly ids: readonly string[] | 'all';
  readonly onProgress?: (progress: ProbesProgress) => void;
  readonly signal?: AbortSignal;
  /** Where artifacts are kept; default `cacheDir()`. */
  readonly cacheDir?: string;
  /** Compiled already; default: it is compiled. */
  readonly program?: ProbesProgram;
  /** How long a probe may take beyond the deadline that it keeps by itself. */
  readonly graceMs?: number;
}

/**
 * Runs behaviour probes, each in a process of its own and one after the other, and returns what they observed in the
 * order of the ids. A probe that cannot show its behaviour here, or breaks, is an observation that says so. Throws
 * `EnvironmentError` where the program does not compile, an error for an id that it does not have, and the reason of an abort.
 */
export async function runProbes(request: RunProbesRequest): Promise<Observation[]> {
  const program = request.program ?? (await buildProbes(request));
  const known = await listProbes({ ...request, program });
  const wanted = request.ids === 'all' ? known : request.ids.map((id) => infoOf(known, id));
  const observations: Observation[] = [];
  for (const info of wanted) {
    request.onProgress?.({ id: info.id, done: observations.length, of: wanted.length });
    observations.push(await observe(program, info, request));
  }
  return observations;
}

/** What probes there are, and which values each observes, in the order of their ids. */
export async function listProbes(
  request: Pick<RunProbesRequest, 'signal' | 'cacheDir' | 'program'> = {},
): Promise<ProbeInfo[]> {
  const program = request.program ?? (await buildProbes(request));
  const { stdout } = await execa(program.path, ['--list'], {
    timeout: LIST_TIMEOUT_MS,
    stdin: 'ignore',
    ...(request.signal ? { cancelSignal: request.signal } : {}),
  });
  return stdout.split('\n').map((line) => probeInfoSchema.parse(JSON.parse(line)));
}

function infoOf(known: readonly ProbeInfo[], id: string): ProbeInfo {
  const info = known.find((candidate) => candidate.id === id);
  if (info === undefined) throw new Error(`there is no probe ${id}`);
  return info;
}

async function observe(
  { path, compiler }: ProbesProgram,
  { id, deadlineMs }: ProbeInfo,
  { signal, graceMs = GRACE_MS }: Pick<RunProbesRequest, 'signal' | 'graceMs'>,
): Promise<Observation> {
  const result = await execa(path, [id], {
    reject: false,
    timeout: deadlineMs + graceMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_MAX_BYTES,
    stdin: 'ignore',
    env: { IOMB_CC: compiler.join('\n'), IOMB_NODE: process.execPath },
    ...(signal ? { cancelSignal: signal } : {}),
  });
  signal?.throwIfAborted();
  if (result.timedOut) return failed(id, `it did not end within ${deadlineMs + graceMs} ms`);
  const answer = parse(result.stdout);
  if (answer?.probe === id) return answer;
  const said = result.stderr.trim().split('\n').at(-1);
  return failed(id, `it ended without an answer: ${said || result.message || `exit ${result.exitCode}`}`);
}

function parse(stdout: string): Observation | null {
  try {
    return observationSchema.parse(JSON.parse(stdout));
  } catch {
    return null;
  }
}

function failed(probe: string, reason: string): Observation {
  return { probe, outcome: 'failed', reason, values: {} };
}
