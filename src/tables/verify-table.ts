import { inWords } from '../claims/verify/checkers.ts';
import { missingInWords } from '../claims/verify/verdict.ts';
import type { Evidence, Outcome, VerdictWord, Verified } from '../claims/verify/verdict-schema.ts';
import type { Table } from '../document/document-schema.ts';
import { formatEstimate } from '../document/format.ts';
import { type Tone, text } from '../document/table.ts';
import { NS_PER_MS, NS_PER_S, NS_PER_US } from '../util/units.ts';

const TONES: Readonly<Record<VerdictWord, Tone>> = {
  confirmed: 'plain',
  refuted: 'strong',
  depends: 'strong',
  inconclusive: 'faint',
  'not testable here': 'faint',
};

/** The claims of a section with what this host says to each, and what it says it by. */
export function verifyTable(section: string, claims: readonly Verified[]): Table {
  return {
    title: section,
    columns: [
      { key: 'claim', header: 'the guide', align: 'left', priority: 0, wrap: true },
      { key: 'verdict', header: 'here', align: 'left', priority: 0, wrap: true },
      { key: 'evidence', header: 'evidence', align: 'left', priority: 1, wrap: true },
    ],
    rows: claims.map((claim) => ({
      claim: text(`${claim.text} [${claim.id}]`),
      verdict: text(verdictText(claim), TONES[claim.verdict.word]),
      evidence: text(claim.outcomes.map(outcomeLine).join('\n')),
    })),
    notes: [],
  };
}

/** The word, with where it is from where that is no measurement. */
function verdictText({ verdict: { word, basis } }: Verified): string {
  return basis === 'documented' ? `${word} (documented)` : word;
}

const MARKS: Readonly<Record<Outcome['result'], string>> = {
  confirmed: 'holds',
  refuted: 'does not',
  noise: 'within the noise',
  missing: 'not answered',
};

/** What one assertion came to, in a line. */
export function outcomeLine(outcome: Outcome): string {
  const parts = [
    ...outcome.evidence.map(evidenceText),
    ...(outcome.precision === null ? [] : [outcome.precision]),
    ...outcome.missing.map((missing) => `needs ${missingInWords(missing)}`),
  ];
  return `${MARKS[outcome.result]}: ${outcome.about}: ${parts.join('; ')}`;
}

function evidenceText({ name, value, interval, unit }: Evidence): string {
  if (typeof value !== 'number') return `${name}: ${inWords(value)}`;
  if (unit === 'ns') return `${name} ${timeText(value, interval)}`;
  const number = interval === null ? inWords(value) : estimateText(value, interval);
  return `${name} ${number}${unit === '' ? '' : ` ${unit}`}`;
}

/** Three decimals show nothing of what is smaller. */
const SHOWN_MIN = 0.001;

function estimateText(value: number, { low, high }: NonNullable<Evidence['interval']>): string {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (largest === 0 || largest >= SHOWN_MIN) return formatEstimate(value, { low, high });
  const [middle, from, to] = [value, low, high].map((end) => end.toPrecision(2));
  return `${middle} [${from}, ${to}]`;
}

/** With its interval in one unit. */
function timeText(ns: number, interval: Evidence['interval']): string {
  const { factor, unit } = TIMES.find((time) => Math.abs(ns) >= time.factor) ?? { factor: 1, unit: 'ns' };
  const ends = interval && { low: interval.low / factor, high: interval.high / factor };
  return `${formatEstimate(ns / factor, ends)} ${unit}`;
}

const TIMES = [
  { factor: NS_PER_S, unit: 's' },
  { factor: NS_PER_MS, unit: 'ms' },
  { factor: NS_PER_US, unit: 'µs' },
] as const;
