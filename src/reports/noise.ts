import { tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { formatShare } from '../document/format.ts';
import type { NoiseCertificate } from '../results/noise-schema.ts';
import type { Environment, RunRecord } from '../results/schema.ts';
import { metricName } from '../tables/metric-value.ts';
import { noiseTable } from '../tables/noise-table.ts';
import { counted } from '../util/units.ts';
import { runHeader } from './run.ts';

/** A noise certificate, with what its run was. */
export function noiseReport(certificate: NoiseCertificate, record: RunRecord): Document {
  return { ...runHeader({ record, problems: [] }), parts: [tablePart(noiseTable(certificate))] };
}

/**
 * What a comparison quotes of the certificate of its host, or how to get one: how often equals were
 * called different, and the smallest change seen per metric.
 */
export function noiseQuote(
  certificate: NoiseCertificate | null,
  environment: Pick<Environment, 'kernel'>,
): string {
  if (certificate === null)
    return 'No noise certificate of this host: iomodels-bench noise measures how often equals are called different here, and the smallest change that is seen.';
  const { together, metrics, blocks } = certificate;
  const seen = metrics.map(({ metric, detectable }) =>
    detectable === null
      ? `${metricName(metric)} none`
      : `${metricName(metric)} ${formatShare(detectable.median)}`,
  );
  const kernel = certificate.environment.kernel;
  const of = kernel === environment.kernel ? '' : ` under Linux ${kernel}`;
  return `Noise certificate ${certificate.runId}${of}: of ${counted(together.splits, 'comparison')} of equals, ${counted(blocks, 'block')} a side, ${together.alarmed} had a false alarm. Smallest change seen: ${seen.join(', ')}.`;
}
