import { execa } from 'execa';
import type { ModelSpec } from '../models/spec.ts';
import type { Support } from '../results/schema.ts';
import { parseLine, probeSchema, SERVER_EXIT } from './protocol.ts';

const PROBE_TIMEOUT_MS = 20_000;

/**
 * Asks the program of a model, where it could be built; else why it could not is the reason.
 * @param built programs to their executables, and to the compiler's complaint.
 */
export async function supportOf(
  model: ModelSpec,
  built: { readonly servers: ReadonlyMap<string, string>; readonly failures: ReadonlyMap<string, string> },
  probe: typeof probeModel = probeModel,
): Promise<Support> {
  const path = built.servers.get(model.program);
  if (path !== undefined) return probe(model, path);
  const reason = built.failures.get(model.program) ?? `${model.program} was not compiled`;
  return { model: model.id, supported: false, reason, features: [] };
}

/** Asks a model's program whether it can run here. Never throws: a probe that breaks is a reason. */
export async function probeModel(model: ModelSpec, path: string): Promise<Support> {
  const result = await execa(path, [...model.options, '--probe'], {
    reject: false,
    timeout: PROBE_TIMEOUT_MS,
    stdin: 'ignore',
  });
  const answer = parseLine(result.stdout.trim(), probeSchema);
  const unsupported = (reason: string): Support => ({
    model: model.id,
    supported: false,
    reason,
    features: [],
  });

  if (result.exitCode === SERVER_EXIT.unsupported)
    return unsupported(answer?.reason || result.stderr.trim() || 'unsupported, without a reason');
  if (result.exitCode !== SERVER_EXIT.served || !answer)
    return unsupported(
      `the probe broke: ${result.stderr.trim() || result.message || `exit ${result.exitCode}`}`,
    );
  return {
    model: model.id,
    supported: true,
    reason: null,
    features: answer.features.split(',').filter((feature) => feature !== ''),
  };
}
