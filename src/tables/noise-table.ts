import type { Column, Row, Table } from '../document/document-schema.ts';
import { formatPercent } from '../document/format.ts';
import { text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import type { NoiseCertificate, NoiseDesign, NoiseRate } from '../results/noise-schema.ts';
import { counted } from '../util/units.ts';
import { metricName } from './metric-value.ts';

/** What a noise certificate says of each way of judging. */
export function noiseTable(certificate: NoiseCertificate): Table {
  const designs = designsOf(certificate);
  const changes = designs[0]?.found.map(({ change }) => change) ?? [];
  const columns: Column[] = [
    { key: 'design', header: 'judged', align: 'left', priority: 0 },
    { key: 'falseAlarms', header: 'equals:\nfalse alarms', align: 'right', priority: 0 },
    { key: 'passed', header: 'equals:\npassed', align: 'right', priority: 1 },
    { key: 'inconclusive', header: 'equals:\ninconclusive', align: 'right', priority: 3 },
    ...changes.map((change, i) => ({
      key: `found${i}`,
      header: `${formatPercent(change)} slower:\nregressed`,
      align: 'right' as const,
      priority: 0,
    })),
    { key: 'independent', header: 'of comparisons,\nindependent', align: 'right', priority: 2 },
    { key: 'widths', header: 'half-width of the\ninterval over all cells', align: 'left', priority: 4 },
  ];
  return {
    title: `What compare says here: ${certificate.models.join(', ')} under ${certificate.workloads.join(', ')}, ${counted(certificate.blocks, 'block')} a run`,
    columns,
    rows: designs.map(rowOf),
    notes: [
      'Equals are blocks of an A/A run drawn again with their rows dealt anew, and equal runs of this host; slower ones are the same with CPU and response times multiplied. In brackets the 95 % interval of the share, of as many as are independent; in pairs, of what passes and is found, of a third.',
      ...(certificate.runs === null
        ? [
            'Single runs: not certified, fewer than four equal runs of this host are stored with these settings.',
          ]
        : []),
      ...(certificate.threes === null
        ? [
            'Three runs a side: not certified, fewer than seven equal runs of this host are stored with these settings.',
          ]
        : []),
    ],
  };
}

/** The ways of judging that are certified. */
export function designsOf({ pairs, runs, threes }: NoiseCertificate): readonly NoiseDesign[] {
  return [pairs, runs, threes].filter((design) => design !== null);
}

/** `in pairs`, `by single runs`, `by three runs a side`. */
export function designName({ sideRuns }: NoiseDesign): string {
  if (sideRuns === 0) return 'in pairs';
  return sideRuns === 1 ? 'by single runs' : `by ${sideRuns === 3 ? 'three' : sideRuns} runs a side`;
}

function rowOf(design: NoiseDesign): Row {
  const { equal, found, comparisons, independent, halfWidths } = design;
  return {
    design: text(designName(design)),
    falseAlarms: rateOf(equal.falseAlarms),
    passed: rateOf(equal.passed),
    inconclusive: rateOf(equal.inconclusive),
    ...Object.fromEntries(found.map(({ regressed }, i) => [`found${i}`, rateOf(regressed)])),
    independent: text(`${comparisons}, ${independent}`),
    widths: text(
      halfWidths.map(({ metric, halfWidth }) => `${metricName(metric)} ${percent(halfWidth)}`).join(', '),
    ),
  };
}

function rateOf(rate: NoiseRate): Value {
  return text(rateText(rate));
}

/** `1 of 40 [0-13 %]`. */
export function rateText({ times, of, low, high }: NoiseRate): string {
  return `${times} of ${of} [${Math.round(100 * low)}-${Math.round(100 * high)} %]`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
