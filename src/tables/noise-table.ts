import type { Column, Row, Table } from '../document/document-schema.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import type { NoiseCertificate } from '../results/noise-schema.ts';
import { counted } from '../util/units.ts';
import { metricName } from './metric-value.ts';

type MetricNoise = NoiseCertificate['metrics'][number];

const COLUMNS: readonly Column[] = [
  { key: 'metric', header: 'metric', align: 'left', priority: 0 },
  { key: 'threshold', header: 'threshold', align: 'right', priority: 3 },
  { key: 'together', header: 'false alarms,\nsame time', align: 'right', priority: 0 },
  { key: 'apart', header: 'false alarms,\none after other', align: 'right', priority: 0 },
  { key: 'inconclusive', header: 'inconclusive', align: 'right', priority: 2 },
  { key: 'halfWidth', header: 'half-width of\nthe interval', align: 'right', priority: 1 },
  { key: 'detectable', header: 'smallest change\nseen', align: 'right', priority: 0 },
  { key: 'worst', header: 'in the\nworst cell', align: 'right', priority: 1 },
];

/** What a noise certificate says of each metric. */
export function noiseTable(certificate: NoiseCertificate): Table {
  const { together, apart, blocks } = certificate;
  const notes = [
    `Same time: ${counted(together.splits, 'time')}, the two rows of each model were dealt to two sides in every block; ${together.alarmed} of these comparisons had a false alarm in any cell.`,
    apart === null
      ? 'One after the other: not compared, there are too few blocks.'
      : `One after the other: the first half of the blocks against the second, ${counted(apart.blocks, 'trial')} of a cell a side; ${apart.alarmed ? 'there was a false alarm' : 'no false alarm'}.`,
    `Smallest change seen: what compare would call in 4 of 5 runs of ${counted(blocks, 'block')}, in the middle cell; it is never below the threshold.`,
  ];
  return {
    title: `Equals compared: ${certificate.models.join(', ')} under ${certificate.workloads.join(', ')}, ${counted(blocks, 'block')} a side`,
    columns: COLUMNS,
    rows: certificate.metrics.map(rowOf),
    notes,
  };
}

function rowOf(noise: MetricNoise): Row {
  const { metric, together, apart, halfWidth, detectable } = noise;
  return {
    metric: text(metricName(metric)),
    threshold: { kind: 'share', share: noise.threshold },
    together: outOf(together.falseAlarms, together.comparisons),
    apart: outOf(apart.falseAlarms, apart.comparisons),
    inconclusive: outOf(together.inconclusive, together.comparisons),
    halfWidth: shareOf(halfWidth?.median),
    detectable: shareOf(detectable?.median),
    worst: shareOf(detectable?.max),
  };
}

function outOf(times: number, all: number): Value {
  return all === 0 ? NONE : text(`${times} of ${all}`);
}

function shareOf(share: number | undefined): Value {
  return share === undefined ? NONE : { kind: 'share', share };
}
