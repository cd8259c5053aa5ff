import type { Interval } from '../../stats/bootstrap.ts';
import { medianInterval } from '../../stats/median-interval.ts';
import type { Amount, NumberRef } from './claim.ts';
import type { Observations, Quantity } from './observations.ts';
import type { Evidence, Missing } from './verdict-schema.ts';

/** A number computed of what was observed, with all that went into it. */
export type Computed =
  | { readonly status: 'known'; readonly quantity: Quantity; readonly parts: readonly Evidence[] }
  | { readonly status: 'missing'; readonly missing: readonly Missing[] };

/** Evaluates an amount; intervals are those of the worst case, so that they are never too narrow. */
export function compute(amount: Amount, observations: Observations): Computed {
  if (!('op' in amount)) return lookUp(amount, observations);
  const left = compute(amount.left, observations);
  const right = compute(amount.right, observations);
  if (left.status === 'missing' || right.status === 'missing')
    return { status: 'missing', missing: [left, right].flatMap((side) => missingOf(side)) };
  const parts = [...left.parts, ...right.parts];
  const quantity = combine(amount.op, left.quantity, right.quantity);
  if (!Number.isFinite(quantity.value))
    return { status: 'missing', missing: parts.map(({ name }) => ({ what: name, why: 'it is 0 here' })) };
  return { status: 'known', parts, quantity };
}

type Op = 'minus' | 'over' | 'times';

/** Round by round where both have the same rounds, so that what disturbed one of them disturbs no difference. */
function combine(op: Op, left: Quantity, right: Quantity): Quantity {
  const unit = op === 'minus' ? left.unit : '';
  const rounds = pairedRounds(op, left, right);
  const known = rounds?.filter((round) => round !== null) ?? [];
  if (rounds !== null && known.length >= ROUNDS_MIN) return { ...quantityOf(known, unit), rounds };
  return { value: apply(op, left.value, right.value), interval: combined(op, left, right), unit };
}

/** With fewer no two of them hold 95 %. */
const ROUNDS_MIN = 6;

/** The median of rounds, or of blocks, with its interval; fewer than six have none. */
export function quantityOf(rounds: readonly number[], unit: string): Quantity {
  const { median: value, low, high } = medianInterval(rounds);
  return { value, interval: rounds.length < ROUNDS_MIN ? null : { low, high }, unit };
}

/** Null: they have none in common. */
function pairedRounds(op: Op, left: Quantity, right: Quantity): (number | null)[] | null {
  const of = ({ rounds, interval, value }: Quantity, count: number) =>
    rounds ?? (interval === null ? new Array<number>(count).fill(value) : null);
  const count = left.rounds?.length ?? right.rounds?.length ?? 0;
  const [lefts, rights] = [of(left, count), of(right, count)];
  if (count === 0 || lefts?.length !== rights?.length || lefts === null || rights === null) return null;
  return lefts.map((value, i) => {
    const other = rights[i];
    if (value === null || other === null || other === undefined) return null;
    const result = apply(op, value, other);
    return Number.isFinite(result) ? result : null;
  });
}

function missingOf(computed: Computed): readonly Missing[] {
  return computed.status === 'missing' ? computed.missing : [];
}

function lookUp(ref: NumberRef, observations: Observations): Computed {
  if (ref.from === 'number') return known({ value: ref.value, interval: null, unit: '' }, []);
  if (ref.from === 'host') {
    const value = observations.host.numbers[ref.fact];
    if (value === null) return { status: 'missing', missing: [{ what: ref.fact, why: 'not known here' }] };
    const evidence = { name: ref.fact, value, interval: null, unit: '', from: 'this host' };
    return known({ value, interval: null, unit: '' }, [evidence]);
  }
  const answer = observations.number(ref);
  if (answer.status === 'missing') return { status: 'missing', missing: [answer.missing] };
  const { value, interval, unit } = answer.value;
  return known(answer.value, [
    { name: answer.name ?? nameOf(ref), value, interval, unit, from: answer.from },
  ]);
}

function known(quantity: Quantity, parts: readonly Evidence[]): Computed {
  return { status: 'known', quantity, parts };
}

function apply(op: Op, left: number, right: number): number {
  switch (op) {
    case 'minus':
      return left - right;
    case 'over':
      return left / right;
    case 'times':
      return left * right;
  }
}

function combined(op: Op, left: Quantity, right: Quantity): Interval | null {
  if (left.interval === null && right.interval === null) return null;
  const corners = endsOf(left).flatMap((a) => endsOf(right).map((b) => apply(op, a, b)));
  const finite = corners.filter(Number.isFinite);
  return finite.length < corners.length ? null : { low: Math.min(...corners), high: Math.max(...corners) };
}

function endsOf({ value, interval }: Quantity): readonly [number, number] {
  return interval === null ? [value, value] : [interval.low, interval.high];
}

/** How a number is called where it is from. */
export function nameOf(ref: NumberRef): string {
  switch (ref.from) {
    case 'cost':
      return ref.id;
    case 'cell':
      return `${CELL_NAMES[ref.of]} of ${ref.model}`;
    case 'pair':
      return `${PAIR_NAMES[ref.of]} of ${ref.model} over ${ref.base}`;
    case 'tracing':
      return `server CPU of ${ref.model} under ${ref.by} over that without`;
    case 'probe':
      return ref.value;
    case 'host':
      return ref.fact;
    case 'number':
      return String(ref.value);
  }
}

const CELL_NAMES = {
  calls: 'system calls per request',
  cpu: 'server CPU per request',
  events: 'events per wait',
  p99: 'p99 latency',
  threads: 'threads',
} as const;

const PAIR_NAMES = { throughput: 'throughput', cpu: 'server CPU per request' } as const;

/** Every number that an amount is computed of. */
export function refsOf(amount: Amount): readonly NumberRef[] {
  return 'op' in amount ? [...refsOf(amount.left), ...refsOf(amount.right)] : [amount];
}
