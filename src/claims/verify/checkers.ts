import { formatCount, formatDuration, formatEstimate, formatSi } from '../../document/format.ts';
import type { Interval } from '../../stats/bootstrap.ts';
import { compute } from './amount.ts';
import type {
  Amount,
  Assertion,
  AssertionKind,
  Band,
  Expected,
  Given,
  Growth,
  HostRef,
  ProbeRef,
} from './claim.ts';
import { type Answer, isOlder, type Observations, type Quantity, unmet } from './observations.ts';
import { type Exponent, exponentOf, SPAN_MIN, steepness } from './steepness.ts';
import type { Basis, Evidence, Missing, Observed, Outcome } from './verdict-schema.ts';

type Of<Kind extends AssertionKind> = Extract<Assertion, { kind: Kind }>;
/** What a checker finds; the rest of an outcome is the same for all. */
type Found = Pick<Outcome, 'result'> & Partial<Pick<Outcome, 'evidence' | 'precision' | 'missing'>>;

interface Checker<Kind extends AssertionKind> {
  readonly basis: Basis;
  /** When an assertion holds, in words. */
  rule(assertion: Of<Kind>): string;
  check(assertion: Of<Kind>, observations: Observations): Found;
}

/** Edges are as wide as what they bound varies from one invocation to the next. */
export const NOISE = { cost: 0.2, ratio: 0.08, count: 0.03 } as const;

const CHECKERS: { readonly [Kind in AssertionKind]: Checker<Kind> } = {
  cost: { basis: 'measured', rule: bandRule, check: checkBand },
  ratio: { basis: 'measured', rule: bandRule, check: checkBand },
  count: { basis: 'measured', rule: bandRule, check: checkBand },
  growth: { basis: 'measured', rule: growthRule, check: checkGrowth },
  behaviour: { basis: 'observed', rule: expectedRule, check: checkExpected },
  fact: { basis: 'looked up', rule: expectedRule, check: checkExpected },
  source: { basis: 'documented', rule: sourceRule, check: checkSource },
};

/** What observations say to an assertion: always something, whatever is missing. */
export function judge(assertion: Assertion, observations: Observations): Outcome {
  const checker = checkerOf(assertion.kind);
  const found = held(assertion, observations) ?? checker.check(assertion, observations);
  return {
    kind: assertion.kind,
    basis: checker.basis,
    about: assertion.about,
    rule: checker.rule(assertion),
    evidence: [],
    precision: null,
    missing: [],
    ...found,
  };
}

/** When an assertion holds, in words. */
export function ruleOf(assertion: Assertion): string {
  return checkerOf(assertion.kind).rule(assertion);
}

function checkerOf<Kind extends AssertionKind>(kind: Kind): Checker<Kind> {
  return CHECKERS[kind];
}

/** What keeps it from being asked at all; null: nothing. */
function held(assertion: Assertion, observations: Observations): Found | null {
  if (assertion.kind === 'source') return null;
  const lacking = (assertion.requires ?? []).flatMap((one) => unmet(one, observations.host) ?? []);
  if (lacking.length > 0) return { result: 'missing', missing: lacking };
  const failed = (assertion.given ?? []).flatMap((control) => controlFailure(control, observations));
  return failed.length > 0 ? { result: 'missing', missing: failed } : null;
}

function controlFailure({ ref, is }: Given, observations: Observations): readonly Missing[] {
  const answer = observe(ref, observations);
  if (answer.status === 'missing') return [answer.missing];
  if (meets(answer.value, is)) return [];
  const control = `the control ${nameOfRef(ref)}`;
  return [{ what: control, why: `it should be ${expectedInWords(is)}, and is ${inWords(answer.value)}` }];
}

// Numbers in a band

function noiseOf({ kind, noise }: Of<'cost' | 'ratio' | 'count'>): number {
  return noise ?? NOISE[kind];
}

function unitOf(assertion: Of<'cost' | 'ratio' | 'count'>): string {
  if (assertion.kind === 'count') return assertion.unit;
  return assertion.kind === 'cost' ? 'ns' : 'times';
}

function bandRule(assertion: Of<'cost' | 'ratio' | 'count'>): string {
  const unit = unitOf(assertion);
  const width = `edges ± ${formatSi(Math.round(noiseOf(assertion) * 1000) / 10)} %`;
  return `${assertion.name} ${bandInWords(assertion.band, unit)} (${width})`;
}

function bandInWords({ low, high }: Band, unit: string): string {
  const text = (value: number) => amountInWords(value, unit);
  if (low !== undefined && high !== undefined) return `between ${text(low)} and ${text(high)}`;
  if (low !== undefined) return `at least ${text(low)}`;
  return high === undefined ? 'anything' : `at most ${text(high)}`;
}

function amountInWords(value: number, unit: string): string {
  if (unit === 'ns') return formatDuration(value);
  return unit === 'times' ? `${formatSi(value)}x` : `${formatSi(value)} ${unit}`;
}

function checkBand(assertion: Of<'cost' | 'ratio' | 'count'>, observations: Observations): Found {
  const computed = compute(assertion.of, observations);
  if (computed.status === 'missing') return { result: 'missing', missing: computed.missing };
  const { quantity, parts } = computed;
  const unit = unitOf(assertion);
  const why = whyImpossible(assertion, quantity);
  if (why !== null) return { result: 'missing', missing: [{ what: assertion.name, why }], evidence: parts };
  const evidence: Evidence[] =
    parts.length === 1 && !('op' in assertion.of)
      ? parts.map((part) => ({ ...part, name: assertion.name, unit }))
      : [evidenceOf(assertion.name, quantity, unit), ...parts];
  return { ...placed(quantity, { ...assertion, noise: noiseOf(assertion), unit }), evidence };
}

/** Of a share that is computed of times. */
const SHARE_MAX = 1.05;

/** Nothing that a number cannot be confirms anything: it tells of a measurement that went wrong. Null: it can be that. */
function whyImpossible(assertion: Of<'cost' | 'ratio' | 'count'>, { value }: Quantity): string | null {
  const unit = unitOf(assertion);
  const said = `it came to ${amountInWords(value, unit)}`;
  if (unit === 'of 1' && (value < 0 || value > SHARE_MAX)) return `${said}, which is no share`;
  if (assertion.kind === 'cost' || isDifference(assertion.of)) return null;
  if (assertion.kind === 'ratio' && value <= 0) return `${said}, which is no ratio of two costs`;
  return value < 0 ? `${said}, which is no count` : null;
}

/** Such may have either sign. */
function isDifference(amount: Amount): boolean {
  if (!('op' in amount)) return false;
  return amount.op === 'minus' || isDifference(amount.left) || isDifference(amount.right);
}

function evidenceOf(name: string, { value, interval }: Quantity, unit: string): Evidence {
  return { name, value, interval, unit, from: 'computed' };
}

interface Edges {
  readonly band: Band;
  /** Share of each edge. */
  readonly noise: number;
  readonly unit: string;
}

/** Holds where the whole interval lies inside, fails where all of it lies outside; each edge is as wide as its noise. */
function placed(quantity: Quantity, { band, noise, unit }: Edges): Pick<Outcome, 'result' | 'precision'> {
  const interval = quantity.interval ?? { low: quantity.value, high: quantity.value };
  const { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY } = band;
  const width = (edge: number) => (Number.isFinite(edge) ? Math.abs(edge) * noise : 0);
  const inside = interval.low >= low + width(low) && interval.high <= high - width(high);
  if (inside) return { result: 'confirmed', precision: null };
  const outside = interval.high < low - width(low) || interval.low > high + width(high);
  if (outside) return { result: 'refuted', precision: null };
  return { result: 'noise', precision: precisionOf(interval, { band, noise, unit }) };
}

function precisionOf(interval: Interval, { band, noise, unit }: Edges): string {
  const text = (value: number) => amountInWords(value, unit);
  const middle = (interval.low + interval.high) / 2;
  const edges = [band.low, band.high].filter((edge) => edge !== undefined);
  const edge = edges.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0] ?? 0;
  const away = Math.abs(edge - middle);
  const half = (interval.high - interval.low) / 2;
  const at = `${text(interval.low)} to ${text(interval.high)} is not clear of the edge ${text(edge)}`;
  const needed = away - Math.abs(edge) * noise;
  if (needed > 0) return `${at}: the interval is ± ${text(half)}, and ± ${text(needed)} would decide`;
  return `${at}, which is ± ${text(Math.abs(edge) * noise)} wide: no interval decides so near to it`;
}

// Growth

/** Of the exponent of a power law: what it may be, and how wide the edge is. */
const EXPONENTS: Readonly<Record<Growth, { readonly band: Band; readonly noise: number }>> = {
  'O(1)': { band: { high: 0.15 }, noise: 0.4 },
  'O(log N)': { band: { high: 0.35 }, noise: 0.2 },
  'O(N)': { band: { low: 0.7 }, noise: 0.1 },
};
/**
 * O(N) is no square. Caches that no longer hold what is walked make a tenfold N cost up to fifty times as much, which is N to the
 * power of 1.7; ten times N in a square cost a hundred times.
 */
const STEEPEST = { edge: 1.7, noise: 0.05 } as const;
/** A cost that falls faster than this, as N grows, is not one of N things. */
const FALLING = -0.5;

function growthRule({ is }: Of<'growth'>): string {
  const { band, noise } = EXPONENTS[is];
  const width = (share: number) => `edge ± ${formatSi(share * 100)} %`;
  const least = `${is}: grows as N to the power of ${bandInWords(band, '').trim()} (${width(noise)})`;
  if (is !== 'O(N)') return least;
  return `${least}, and what it grows by no steeper than ${formatSi(STEEPEST.edge)} (${width(STEEPEST.noise)})`;
}

function checkGrowth({ of, is }: Of<'growth'>, observations: Observations): Found {
  const answer = observations.series(of);
  if (answer.status === 'missing') return { result: 'missing', missing: [answer.missing] };
  const { points, fit } = answer.value;
  const sorted = points.filter(({ value, n }) => value > 0 && n > 0).sort((a, b) => a.n - b.n);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || last.n < SPAN_MIN * first.n)
    return {
      result: 'missing',
      missing: [{ what: `${answer.from} at counts further apart`, why: `${sorted.length} are known` }],
    };
  const evidence = sorted.map(({ n, value, interval, unit }) => ({
    ...{ name: `at ${formatSi(n)}`, value, interval, unit, from: answer.from },
  }));
  const overall = { ...exponentOf(first, last), unit: '' };
  if (overall.value < FALLING)
    return {
      result: 'missing',
      evidence,
      missing: [{ what: `a cost that N adds to, of ${answer.from}`, why: 'it falls as N grows' }],
    };
  const steep = is === 'O(N)' ? (steepness(sorted) ?? overall) : null;
  const steeper = steep === null ? [] : steepnessTold(steep);
  if (fit !== null) {
    const said = typeof fit === 'object' ? 'inconclusive' : fit;
    const told = {
      name: 'the line through all blocks',
      value: said,
      interval: null,
      unit: '',
      from: answer.from,
    };
    return { ...both(fitted(fit, is), steep), evidence: [...evidence, told, ...steeper] };
  }
  const computed = { name: 'exponent', ...overall, from: 'computed' };
  const found = placed(overall, { ...EXPONENTS[is], unit: '' });
  return { ...both(found, steep), evidence: [...evidence, computed, ...steeper] };
}

type Placed = Pick<Outcome, 'result' | 'precision'>;

const STEEPNESS = 'the exponent of what it grows by';

/**
 * Holds where it is no less than that, and no square. That it is steeper has to be seen clearly, for the largest count varies
 * most; an exponent that looks like a square's confirms nothing, however wide its interval.
 */
function both(found: Placed, steep: Exponent | null): Placed {
  if (steep === null || found.result === 'refuted') return found;
  const { edge, noise } = STEEPEST;
  if (steep.interval.low > edge * (1 + noise)) return { result: 'refuted', precision: null };
  if (steep.value <= edge * (1 - noise)) return found;
  const precision = Number.isFinite(steep.value)
    ? `${STEEPNESS}, ${formatSi(steep.value)}, is not clear of the edge ${formatSi(edge)}`
    : 'nothing was added before the largest count, so that it may be a square';
  return { result: 'noise', precision };
}

function steepnessTold({ value, interval }: Exponent): Evidence[] {
  if (!Number.isFinite(value)) return [];
  const known = Number.isFinite(interval.high) ? interval : null;
  return [{ name: STEEPNESS, value, interval: known, unit: '', from: 'computed' }];
}

/** A sweep of servers knows its blocks: what it says goes. */
function fitted(fit: 'O(1)' | 'O(N)' | { readonly inconclusive: string }, is: Growth): Placed {
  if (typeof fit === 'object') return { result: 'noise', precision: fit.inconclusive };
  const holds = is === fit || (is === 'O(log N)' && fit === 'O(1)');
  return { result: holds ? 'confirmed' : 'refuted', precision: null };
}

// Observations

function expectedRule({ ref, is }: Of<'behaviour' | 'fact'>): string {
  return `${nameOfRef(ref)} is ${expectedInWords(is)}`;
}

function nameOfRef(ref: ProbeRef | HostRef): string {
  return ref.from === 'probe' ? `${ref.id}: ${valueName(ref)}` : ref.fact;
}

function valueName({ value }: ProbeRef): string {
  return typeof value === 'string' ? value : value.join(', ');
}

function checkExpected({ ref, is }: Of<'behaviour' | 'fact'>, observations: Observations): Found {
  const answer = observe(ref, observations);
  if (answer.status === 'missing') return { result: 'missing', missing: [answer.missing] };
  const name = answer.name ?? (ref.from === 'probe' ? valueName(ref) : ref.fact);
  const evidence = [{ name, value: answer.value, interval: null, unit: '', from: answer.from }];
  return { result: meets(answer.value, is) ? 'confirmed' : 'refuted', evidence };
}

function observe(ref: ProbeRef | HostRef, { observed, host }: Observations): Answer<Observed> {
  if (ref.from === 'probe') return observed(ref);
  const value = host.texts[ref.fact];
  if (value === null) return { status: 'missing', missing: { what: ref.fact, why: 'not known here' } };
  return { status: 'known', value, from: 'this host' };
}

function meets(value: Observed, is: Expected): boolean {
  if ('equals' in is) return JSON.stringify(value) === JSON.stringify(is.equals);
  if ('oneOf' in is) return is.oneOf.some((one) => one === value);
  if ('since' in is) return typeof value === 'string' && !isOlder(value, is.since);
  if (typeof value !== 'number') return false;
  return 'atLeast' in is ? value >= is.atLeast : value <= is.atMost;
}

function expectedInWords(is: Expected): string {
  if ('equals' in is) return inWords(is.equals);
  if ('oneOf' in is) return is.oneOf.map(inWords).join(' or ');
  if ('since' in is) return `${is.since} or later`;
  return 'atLeast' in is ? `at least ${is.atLeast}` : `at most ${is.atMost}`;
}

/** `yes` and `no`, a number, a word, or several of them. */
export function inWords(value: Observed): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'object') return value.length === 0 ? 'none' : value.map(inWords).join(', ');
  if (typeof value === 'string') return value;
  return Number.isInteger(value) ? formatCount(value) : formatEstimate(value, null);
}

// Documents

function sourceRule({ claimed, source }: Of<'source'>): string {
  return `${source} says as well: ${claimed}`;
}

function checkSource({ claimed, documented, source }: Of<'source'>): Found {
  return {
    result: claimed === documented ? 'confirmed' : 'refuted',
    evidence: [
      { name: 'the guide', value: claimed, interval: null, unit: '', from: 'the guide' },
      { name: 'documented', value: documented, interval: null, unit: '', from: source },
    ],
  };
}
