import type { NoiseCertificate } from '../results/noise.ts';
import type { RunRecord } from '../results/schema.ts';
import { TABLES } from '../tables/index.ts';
import { renderHeader } from './run.ts';
import { type RenderOptions, renderTable } from './table.ts';
import { renderWarnings } from './warnings.ts';

/** A noise certificate as text, with what its run was. Ends without a line break. */
export function renderNoise(
  certificate: NoiseCertificate,
  record: RunRecord,
  options: RenderOptions,
): string {
  const parts = [
    renderHeader(record, options),
    renderTable(TABLES.noise(certificate), options),
    renderWarnings(record.warnings, options),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
