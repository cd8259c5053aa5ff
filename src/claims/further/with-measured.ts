import type { Assertion } from '../assertion.ts';
import type { Reading } from './reading.ts';

/**
 * A cell whose assertion is answered by costs and probes as well: what was measured, and behind it what is documented. Instead of one that
 * no run can tell of, it is the whole answer.
 */
export function withMeasured(assertion: Assertion, measured: Reading | undefined): Reading {
  if (measured === undefined) return assertion;
  switch (assertion.kind) {
    case 'documented':
      return { kind: 'beside', reading: measured, fact: assertion };
    case 'not-measured':
    // What was measured says it too, and more.
    case 'per-model':
      return measured;
    default:
      return { kind: 'several', of: [assertion, measured] };
  }
}
