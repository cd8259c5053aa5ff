import { execa } from 'execa';
import type { ModelSpec } from '../models/registry.ts';
import type { Support } from '../results/schema.ts';
import { parseLine, probeSchema, SERVER_EXIT } from './protocol.ts';

const PROBE_TIMEOUT_MS = 20_000;

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
