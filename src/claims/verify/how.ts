import type { Claim } from './claim.ts';
import { needsOf } from './needs.ts';
import { planFor } from './plan.ts';

/** How a claim is answered: the commands that supply what it needs, or the documents that do. */
export function howOf(claim: Claim): string {
  const { probes, costs, runs } = planFor(needsOf([claim]));
  const documents = claim.assertions.flatMap((one) => (one.kind === 'source' ? [one.source] : []));
  const parts = [
    ...(probes.length === 0 ? [] : [`probes ${probes.join(', ')}`]),
    ...(costs.length === 0 ? [] : [`costs --only ${costs.join(',')}`]),
    ...runs.map(({ workload, models, audit }) =>
      workload === null
        ? `scale --models ${models.join(',')} --active 1`
        : `run --models ${models.join(',')} --workloads ${workload}${audit ? ' --audit' : ''}`,
    ),
    ...(documents.length === 0 ? [] : [`documents: ${[...new Set(documents)].join('; ')}`]),
  ];
  return parts.length === 0 ? 'facts of the host' : parts.join(' · ');
}
