import type { IntervalRow, IntervalsChart } from '../document/chart-schema.ts';
import { formatPercent } from '../document/format.ts';
import type { NoiseCertificate, NoiseDesign, NoiseRate } from '../results/noise-schema.ts';
import { metricName } from '../tables/metric-value.ts';
import { designName, designsOf } from '../tables/noise-table.ts';
import { aroundNoChange, CHANGES, detectBand } from './change-axis.ts';

/** What a noise certificate says, each way of judging by itself. */
export function noiseCharts(certificate: NoiseCertificate): readonly IntervalsChart[] {
  const designs = designsOf(certificate);
  return designs.length === 0
    ? []
    : [ratesChart(designs), ...[widthsChart(designs, certificate.detect)].filter((chart) => chart !== null)];
}

/** How often equals are called different, pass or stay open, and how often a known change is found. */
function ratesChart(designs: readonly NoiseDesign[]): IntervalsChart {
  return {
    kind: 'intervals',
    title: 'How often compare is wrong about equals here, and finds a known change, with 95 % intervals',
    says: 'False alarms belong to the left, what passes and what is found to the right. An interval is as wide as few comparisons are independent.',
    x: { label: 'share of comparisons', scale: 'linear', unit: 'share' },
    reference: { value: 1, text: 'all of them' },
    band: null,
    groups: designs.map((design) => ({ label: designName(design), rows: ratesOf(design) })),
  };
}

function ratesOf({ equal, found }: NoiseDesign): IntervalRow[] {
  return [
    rateRow('equals: false alarms', equal.falseAlarms),
    rateRow('equals: passed', equal.passed),
    rateRow('equals: inconclusive', equal.inconclusive),
    ...found.map(({ change, regressed }) => rateRow(`${formatPercent(change)} slower: regressed`, regressed)),
  ];
}

function rateRow(label: string, { times, of, worth, low, high }: NoiseRate): IntervalRow {
  const note = `${times} of ${of}, worth ${Number(worth.toPrecision(2))} independent ones`;
  const value = of === 0 ? 0 : times / of;
  return { label, points: [{ name: '', value, interval: { low, high }, mark: 'none', note }] };
}

/** How wide the interval over all cells is, drawn around no change as `compare` draws it. Null where it had none. */
function widthsChart(designs: readonly NoiseDesign[], detect: number): IntervalsChart | null {
  const groups = designs
    .map((design) => ({
      label: designName(design),
      rows: design.halfWidths.map((one) => widthRow(one, detect)),
    }))
    .filter(({ rows }) => rows.length > 0);
  if (groups.length === 0) return null;
  return {
    ...CHANGES,
    title: 'How well compare knows a change over all cells here: its interval around no change, by metric',
    says: 'The middle one of all comparisons of equals. One that reaches out of the band leaves equals open.',
    band: detectBand([detect]),
    groups,
  };
}

function widthRow({ metric, halfWidth }: NoiseDesign['halfWidths'][number], detect: number): IntervalRow {
  const fits = halfWidth < detect;
  return {
    label: metricName(metric),
    points: [
      {
        name: '',
        value: 0,
        interval: aroundNoChange(halfWidth),
        mark: fits ? 'same' : 'unclear',
        note: `half-width ${formatPercent(halfWidth)}, ${fits ? 'narrower' : 'not narrower'} than what was to be found`,
      },
    ],
  };
}
