import { VERDICTS, type Verified } from '../claims/verify/verdict-schema.ts';
import { costOf } from '../costs/cost-of.ts';
import type { CostsResult } from '../costs/schema.ts';
import type { BarsChart, IntervalPoint, IntervalsChart } from '../document/chart-schema.ts';
import { groupBy } from '../stats/group-by.ts';
import { timedGuideLines } from '../tables/costs-guide-table.ts';

/** A single cost of this host, and what a guide says of it. */
export interface GuideCost {
  readonly label: string;
  /** 95 % over rounds. */
  readonly here: { readonly ns: number; readonly lowNs: number; readonly highNs: number } | null;
  /** As far as it says: one figure has equal ends. Null: nothing. */
  readonly guide: { readonly lowNs: number; readonly highNs: number } | null;
  /** In words: why there is none here, or what it is measured with. */
  readonly note: string;
}

/** Every cost that answers a time of the guide, beside it. */
export function guideCostsOf(result: CostsResult): readonly GuideCost[] {
  return timedGuideLines(result).flatMap(({ says, givesNs: [lowNs, highNs], costs }) =>
    costs.map((id): GuideCost => {
      const cost = costOf(result, id);
      return {
        label: id,
        here: cost.status === 'none' ? null : { ns: cost.ns, lowNs: cost.lowNs, highNs: cost.highNs },
        guide: { lowNs, highNs },
        note: says,
      };
    }),
  );
}

/** Costs of this host beside a guide's figures, on a logarithmic scale. Null where nothing was measured. */
export function guideCostsChart(costs: readonly GuideCost[]): IntervalsChart | null {
  const rows = costs.flatMap(({ label, here, guide, note }) => {
    if (here === null || here.ns <= 0) return [];
    const own: IntervalPoint = {
      name: 'here',
      value: here.ns,
      interval: { low: here.lowNs, high: here.highNs },
      mark: 'none',
      note,
    };
    return [{ label, points: guide === null ? [own] : [own, guidePoint(guide)] }];
  });
  if (rows.length === 0) return null;
  return {
    kind: 'intervals',
    title: 'What single operations cost here, beside the guide’s figures',
    says: 'Lower is cheaper. Lines are 95 % intervals of what was measured, and what the guide gives as a range.',
    x: { label: 'time of one', scale: 'log', unit: 'ns' },
    reference: null,
    band: null,
    groups: [{ label: '', rows }],
  };
}

/** In the middle of a range, as far from both ends on a logarithmic scale. */
function guidePoint({ lowNs, highNs }: NonNullable<GuideCost['guide']>): IntervalPoint {
  const interval = lowNs === highNs ? null : { low: lowNs, high: highNs };
  return { name: 'the guide', value: Math.sqrt(lowNs * highNs), interval, mark: 'none', note: '' };
}

/** How many claims of a part of a guide got which verdict. */
export interface ClaimCounts {
  readonly part: string;
  /** In the order in which they are shown. */
  readonly verdicts: readonly { readonly verdict: string; readonly claims: number }[];
}

/** Section by section, in their order. */
export function claimCountsOf(claims: readonly Verified[]): readonly ClaimCounts[] {
  return [...groupBy(claims, ({ section }) => section)].map(([part, own]) => ({
    part,
    verdicts: VERDICTS.map((verdict) => ({
      verdict,
      claims: own.filter((claim) => claim.verdict.word === verdict).length,
    })),
  }));
}

/** Claims by verdict, part by part. Null where there are none. */
export function claimsChart(counts: readonly ClaimCounts[]): BarsChart | null {
  const groups = counts.flatMap(({ part, verdicts }) => {
    const bars = verdicts.filter(({ claims }) => claims > 0);
    return bars.length === 0
      ? []
      : [
          {
            label: part,
            bars: bars.map(({ verdict, claims }) => ({
              label: verdict,
              value: claims,
              marker: null,
              note: '',
            })),
          },
        ];
  });
  if (groups.length === 0) return null;
  return {
    kind: 'bars',
    title: 'Claims of the guide by verdict',
    says: 'Each claim is held against what was measured, probed or documented.',
    x: { label: 'claims', scale: 'linear', unit: 'count' },
    markerName: '',
    groups,
  };
}
