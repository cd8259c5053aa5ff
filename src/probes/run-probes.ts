import { execa } from 'execa';
import { buildProbes, type ProbesProgram } from '../build/probes.ts';
import { EnvironmentError } from '../util/errors.ts';
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

/** How the program ended. */
export interface ProbesEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** It was killed after the time that it had. */
  readonly timedOut: boolean;
  /** In words. */
  readonly how: string;
}

/** Runs the program of the probes to its end, wherever that is. Rejects only where no answer can be had any more. */
export type ProbesDoor = (args: readonly string[], timeoutMs: number) => Promise<ProbesEnd>;

export interface RunProbesRequest {
  /** Ids of probes, or all that there are. */
  readonly ids: readonly string[] | 'all';
  readonly onProgress?: (progress: ProbesProgress) => void;
  readonly signal?: AbortSignal;
  /** Where artifacts are kept; default `cacheDir()`. */
  readonly cacheDir?: string;
  /** Compiled already; default: it is compiled. */
  readonly program?: ProbesProgram;
  /** Where it runs; default: here. */
  readonly door?: ProbesDoor;
  /** What there is, with the deadlines there; default: it is listed. */
  readonly known?: readonly ProbeInfo[];
  /** How long a probe may take beyond the deadline that it keeps by itself. */
  readonly graceMs?: number;
}

/**
 * Runs behaviour probes, each in a process of its own and one after the other, and returns what they observed in the
 * order of the ids. A probe that cannot show its behaviour here, or breaks, is an observation that says so. Throws
 * `EnvironmentError` where the program does not compile or run, an error for an id that it does not have, and the reason of an abort.
 */
export async function runProbes(request: RunProbesRequest): Promise<Observation[]> {
  const door = request.door ?? (await doorHere(request));
  const known = request.known ?? (await listProbes({ ...request, door }));
  const wanted = request.ids === 'all' ? known : request.ids.map((id) => infoOf(known, id));
  const observations: Observation[] = [];
  for (const info of wanted) {
    request.onProgress?.({ id: info.id, done: observations.length, of: wanted.length });
    observations.push(await observe(door, info, request));
  }
  return observations;
}

/** What probes there are, and which values each observes, in the order of their ids. */
export async function listProbes(
  request: Pick<RunProbesRequest, 'signal' | 'cacheDir' | 'program' | 'door'> = {},
): Promise<ProbeInfo[]> {
  const door = request.door ?? (await doorHere(request));
  const { stdout, stderr, how } = await door(['--list'], LIST_TIMEOUT_MS);
  if (stdout === '') throw new EnvironmentError(`the probes cannot be listed: ${stderr.trim() || how}`);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => probeInfoSchema.parse(JSON.parse(line)));
}

/** A process of this host for each. */
async function doorHere(
  request: Pick<RunProbesRequest, 'signal' | 'cacheDir' | 'program'>,
): Promise<ProbesDoor> {
  const { path, compiler } = request.program ?? (await buildProbes(request));
  const { signal } = request;
  return async (args, timeoutMs) => {
    const result = await execa(path, args, {
      reject: false,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_MAX_BYTES,
      stdin: 'ignore',
      env: { IOMB_CC: compiler.join('\n'), IOMB_NODE: process.execPath },
      ...(signal ? { cancelSignal: signal } : {}),
    });
    signal?.throwIfAborted();
    const { stdout, stderr, timedOut, message, exitCode } = result;
    return { stdout, stderr, timedOut, how: message || `exit ${exitCode}` };
  };
}

function infoOf(known: readonly ProbeInfo[], id: string): ProbeInfo {
  const info = known.find((candidate) => candidate.id === id);
  if (info === undefined) throw new Error(`there is no probe ${id}`);
  return info;
}

async function observe(
  door: ProbesDoor,
  { id, deadlineMs }: ProbeInfo,
  { graceMs = GRACE_MS }: Pick<RunProbesRequest, 'graceMs'>,
): Promise<Observation> {
  const { stdout, stderr, timedOut, how } = await door([id, `${deadlineMs}`], deadlineMs + graceMs);
  if (timedOut) return failed(id, `it did not end within ${deadlineMs + graceMs} ms`);
  const answer = parse(stdout);
  if (answer?.probe === id) return answer;
  const said = stderr.trim().split('\n').at(-1);
  return failed(id, `it ended without an answer: ${said || how}`);
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
