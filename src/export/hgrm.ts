import { countsInstructions } from '../results/guest.ts';
import type { Latency, RunRecord } from '../results/schema.ts';
import { HISTOGRAM_OCTAVES, HISTOGRAM_SUB_BUCKETS, mergeLatencies } from '../stats/histogram.ts';
import { type PercentileStep, percentileSteps, standardDeviationNs } from '../stats/percentile-steps.ts';
import { NS_PER_US } from '../util/units.ts';
import { type ExportCell, measuredCells } from './cells.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { oneLine, originOf } from './origin.ts';

const FOLDER = 'hgrm';

/**
 * HdrHistogram's percentile distribution as text, in microseconds: a file per cell, and where requests are
 * due at a time of their own a second one of service times. Percentiles with fewer than ten values beyond them
 * are left out, but for the largest value. Of a guest whose clock tells no time there is none. Source: `outputPercentileDistribution` of HdrHistogram's
 * AbstractHistogram.java, and plotFiles.html beside it, which reads these files.
 */
export const hgrmExporter: Exporter = {
  id: 'hgrm',
  title: 'HdrHistogram percentile text in microseconds, a file per model and workload',
  files: [FOLDER],
  write: (input) => distributionsOf(input).map((one) => textOf(one, input.result.record)),
  names: (input) =>
    distributionsOf(input).map(
      ({ cell, of }) => `${[cell.label, cell.workload, of].map(fileName).join('.')}.hgrm`,
    ),
};

interface Distribution {
  readonly cell: ExportCell;
  readonly of: 'response' | 'service';
  readonly latency: Latency;
}

function distributionsOf(input: ExportInput): readonly Distribution[] {
  // Instructions are no times.
  if (countsInstructions(input.result.record.environment.guest)) return [];
  return measuredCells(input).flatMap((cell) =>
    (['response', 'service'] as const).flatMap((of) => {
      const latencies = cell.trials.flatMap(({ observation }) => observation[of] ?? []);
      return latencies.length === 0 ? [] : [{ cell, of, latency: mergeLatencies(latencies) }];
    }),
  );
}

/** Different labels stay different, and none is a path. */
function fileName(text: string): string {
  return text
    .replaceAll(/\p{Cs}/gu, '\uFFFD')
    .replaceAll(/[^A-Za-z0-9._-]+/gu, (found) => encodeURIComponent(found).replaceAll('*', '%2A'));
}

function textOf({ cell, of, latency }: Distribution, record: RunRecord): string {
  const { host, kernel, arch, version } = originOf(record);
  const where = [cell.label, cell.workload, `kernel ${kernel}`, arch, `host ${host ?? 'unknown'}`];
  return [
    `${'Value'.padStart(12)} ${'Percentile'.padStart(14)} ${'TotalCount'.padStart(10)} ${'1/(1-Percentile)'.padStart(14)}`,
    '',
    ...percentileSteps(latency).map(lineOf),
    ...footerOf(latency),
    // A plotter passes over whatever begins so.
    `#[${of} time in microseconds: ${oneLine(where.join(', '))}]`,
    `#[run ${oneLine(record.runId)}, iomodels-bench ${oneLine(version)}]`,
    '',
  ].join('\n');
}

/** The largest value has no fourth column: nothing is beyond it. */
function lineOf({ share, valueNs, countUpTo }: PercentileStep): string {
  const columns = [
    (valueNs / NS_PER_US).toFixed(3).padStart(12),
    share.toFixed(12),
    String(countUpTo).padStart(10),
  ];
  return [...columns, ...(share < 1 ? [(1 / (1 - share)).toFixed(2).padStart(14)] : [])].join(' ');
}

function footerOf(latency: Latency): readonly string[] {
  const { count, sumNs, maxNs } = latency;
  const inUs = (ns: number) => (ns / NS_PER_US).toFixed(3).padStart(12);
  const mean = count === 0 ? 0 : sumNs / count;
  return [
    `#[Mean    = ${inUs(mean)}, StdDeviation   = ${inUs(standardDeviationNs(latency))}]`,
    `#[Max     = ${inUs(maxNs)}, Total count    = ${String(count).padStart(12)}]`,
    `#[Buckets = ${String(HISTOGRAM_OCTAVES).padStart(12)}, SubBuckets     = ${String(HISTOGRAM_SUB_BUCKETS).padStart(12)}]`,
  ];
}
