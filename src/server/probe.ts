import { execa } from 'execa';
import type { ModelSpec } from '../models/spec.ts';
import type { Support } from '../results/schema.ts';
import { parseLine, probeSchema, SERVER_EXIT } from './protocol.ts';

const PROBE_TIMEOUT_MS = 20_000;

/** `probeModel`, or what stands for it. */
export type ProbeModel = (
  model: ModelSpec,
  path: string,
  connections: number | null,
  job?: readonly string[],
) => Promise<Support>;

/** What the programs were built to. */
export interface Built {
  /** Programs to their executables. */
  readonly servers: ReadonlyMap<string, string>;
  /** Programs to the compiler's complaint. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * Asks the program of a model, where it could be built; else why it could not is the reason. It is asked for as many
 * connections as it is to hold; where it cannot, for fewer, down to the fewest that are wanted.
 * @param connections how many a server is to hold, under each of the workloads.
 */
export async function supportOf(
  model: ModelSpec,
  built: Built,
  connections: readonly number[],
  probe: ProbeModel = probeModel,
): Promise<Support> {
  const path = built.servers.get(model.program);
  if (path === undefined)
    return unsupported(model, built.failures.get(model.program) ?? `${model.program} was not compiled`);
  const most = model.connectionsMax ?? Number.POSITIVE_INFINITY;
  const sizes = [...new Set(connections.map((wanted) => Math.min(wanted, most)))].sort((a, b) => b - a);
  let refusal: Support | null = null;
  for (const size of sizes) {
    const answer = await probe(model, path, size);
    if (answer.supported)
      return refusal === null ? answer : { ...answer, connectionsMax: size, limitReason: refusal.reason };
    refusal = answer;
  }
  return refusal ?? probe(model, path, null);
}

/**
 * Asks the program of a row of files for each job that it is to do. It can run here where it can do one; why it cannot do
 * another is told by the job's name.
 */
export async function fileSupportOf(
  model: ModelSpec,
  built: Built,
  jobs: ReadonlyMap<string, readonly string[]>,
  probe: ProbeModel = probeModel,
): Promise<{ readonly support: Support; readonly refusals: ReadonlyMap<string, string> }> {
  const path = built.servers.get(model.program);
  if (path === undefined) {
    const why = built.failures.get(model.program) ?? `${model.program} was not compiled`;
    return { support: unsupported(model, why), refusals: new Map() };
  }
  const answers: Support[] = [];
  const refusals = new Map<string, string>();
  for (const [name, job] of jobs) {
    const answer = await probe(model, path, null, job);
    answers.push(answer);
    if (!answer.supported) refusals.set(name, answer.reason ?? 'unsupported');
  }
  const support = answers.find(({ supported }) => supported) ?? answers[0];
  return { support: support ?? unsupported(model, 'no workload of this run is one of its'), refusals };
}

function unsupported(model: ModelSpec, reason: string): Support {
  return { model: model.id, supported: false, reason, features: [], connectionsMax: null, limitReason: null };
}

/**
 * Asks a model's program whether it can run here. Never throws: a probe that breaks is a reason.
 * @param connections that it is to hold; null: as many as it holds by default.
 * @param job of a program that does file I/O: the job that it is to try, on a small file of its own.
 */
export async function probeModel(
  model: ModelSpec,
  path: string,
  connections: number | null,
  job: readonly string[] = [],
): Promise<Support> {
  const result = await execa(path, [...probeArguments(model, connections), ...job], {
    reject: false,
    timeout: PROBE_TIMEOUT_MS,
    stdin: 'ignore',
  });
  return supportFrom(model, connections, result);
}

/** The arguments with which a program is asked. */
export function probeArguments(model: ModelSpec, connections: number | null): string[] {
  const size = connections === null ? [] : [`--conns-max=${connections}`];
  return [...model.options, ...size, '--probe'];
}

/** How a probe ended. */
interface ProbeEnd {
  readonly exitCode?: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly message?: string | undefined;
}

/** What a probe says of a model. */
export function supportFrom(model: ModelSpec, connections: number | null, result: ProbeEnd): Support {
  const answer = parseLine(result.stdout.trim(), probeSchema);
  if (result.exitCode === SERVER_EXIT.usage && connections !== null)
    return unsupported(model, result.stderr.trim() || 'it refuses so many connections');
  if (result.exitCode === SERVER_EXIT.unsupported)
    return unsupported(model, answer?.reason || result.stderr.trim() || 'unsupported, without a reason');
  if (result.exitCode !== SERVER_EXIT.served || !answer)
    return unsupported(
      model,
      `the probe broke: ${result.stderr.trim() || result.message || `exit ${result.exitCode}`}`,
    );
  return {
    model: model.id,
    supported: true,
    reason: null,
    features: answer.features.split(',').filter((feature) => feature !== ''),
    connectionsMax: null,
    limitReason: null,
  };
}

/** How a command ended, or why it did not begin. */
function howEnded({
  timedOut,
  exitCode,
  signal,
  code,
}: {
  readonly timedOut: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
}): string {
  if (timedOut) return 'it does not end';
  if (exitCode === SERVER_EXIT.served) return "exit 0, but without the server's answer";
  if (exitCode !== undefined) return `exit ${exitCode}`;
  return signal ?? `it cannot be executed: ${code ?? 'no reason given'}`;
}

/** Why a command does not start a server that it stands before, by a probe; null: it does. Never throws. */
export async function whyNotVariant(
  prefix: readonly string[],
  server: string,
  options: readonly string[],
): Promise<string | null> {
  const [command = server, ...args] = [...prefix, server, ...options, '--probe'];
  const result = await execa(command, args, { reject: false, timeout: PROBE_TIMEOUT_MS, stdin: 'ignore' });
  if (result.exitCode === SERVER_EXIT.served && parseLine(result.stdout.trim(), probeSchema)) return null;
  if (result.code === 'ENOENT') return `no program ${command} in PATH`;
  return [howEnded(result), result.stderr.trim()].filter((text) => text !== '').join(': ');
}
