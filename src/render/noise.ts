import type { NoiseCertificate } from '../results/noise.ts';
import type { Environment, RunRecord } from '../results/schema.ts';
import { metricName } from '../tables/metric-value.ts';
import { noiseTable } from '../tables/noise-table.ts';
import { formatShare } from './format.ts';
import { renderHeader } from './run.ts';
import { type RenderOptions, renderTable } from './table.ts';
import { renderWarnings } from './warnings.ts';
import { wrap } from './wrap.ts';

/** A noise certificate as text, with what its run was. Ends without a line break. */
export function renderNoise(
  certificate: NoiseCertificate,
  record: RunRecord,
  options: RenderOptions,
): string {
  const parts = [
    renderHeader(record, options),
    renderTable(noiseTable(certificate), options),
    renderWarnings(record.warnings, options),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/**
 * What a comparison quotes of the certificate of its host, or how to get one: how often equals were
 * called different, and the smallest change seen per metric.
 */
export function renderNoiseQuote(
  certificate: NoiseCertificate | null,
  environment: Pick<Environment, 'kernel'>,
  options: RenderOptions,
): string {
  if (certificate === null)
    return wrap(
      'No noise certificate of this host: iomodels-bench noise measures how often equals are called different here, and the smallest change that is seen.',
      options.width,
    ).join('\n');
  const { together, metrics, blocks } = certificate;
  const seen = metrics.map(({ metric, detectable }) =>
    detectable === null
      ? `${metricName(metric)} none`
      : `${metricName(metric)} ${formatShare(detectable.median)}`,
  );
  const kernel = certificate.environment.kernel;
  const of = kernel === environment.kernel ? '' : ` under Linux ${kernel}`;
  return wrap(
    `Noise certificate ${certificate.runId}${of}: of ${together.splits} comparisons of equals, ${blocks} blocks a side, ${together.alarmed} had a false alarm. Smallest change seen: ${seen.join(', ')}.`,
    options.width,
  ).join('\n');
}
