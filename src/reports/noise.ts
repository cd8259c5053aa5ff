import { tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { formatPercent } from '../document/format.ts';
import type { NoiseCertificate } from '../results/noise-schema.ts';
import type { Environment, RunRecord } from '../results/schema.ts';
import { designName, designsOf, noiseTable, rateText } from '../tables/noise-table.ts';
import { runHeader } from './run.ts';

/** A noise certificate, with what its run was. */
export function noiseReport(certificate: NoiseCertificate, record: RunRecord): Document {
  return { ...runHeader({ record, problems: [] }), parts: [tablePart(noiseTable(certificate))] };
}

/**
 * What a comparison quotes of the certificate of its host, or how to get one: how often equals were called different, and
 * how often a known change was found.
 */
export function noiseQuote(
  certificate: NoiseCertificate | null,
  environment: Pick<Environment, 'kernel'>,
): string {
  if (certificate === null)
    return 'No noise certificate of this host: iomodels-bench noise measures how often equals are called different here, and how often a known change is found.';
  const { kernel } = certificate.environment;
  const of = kernel === environment.kernel ? '' : ` under Linux ${kernel}`;
  const said = designsOf(certificate).map((design) => {
    const found = design.found.map(
      ({ change, regressed }) => `${formatPercent(change)} found ${rateText(regressed)}`,
    );
    return `${designName(design)}: equals called different ${rateText(design.equal.falseAlarms)}, ${found.join(', ')}`;
  });
  return `Noise certificate ${certificate.runId}${of}: ${said.join('; ')}.`;
}
