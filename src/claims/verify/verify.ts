import { judge } from './checkers.ts';
import type { Claim } from './claim.ts';
import { howOf } from './how.ts';
import type { Observations } from './observations.ts';
import { SECTIONS } from './sections.ts';
import { verdictOf } from './verdict.ts';
import type { Verified } from './verdict-schema.ts';

/** Holds claims against what was observed. */
export function verifyClaims(claims: readonly Claim[], observations: Observations): readonly Verified[] {
  return claims.map((claim) => {
    const outcomes = claim.assertions.map((assertion) => judge(assertion, observations));
    const { assertions: _, ...told } = claim;
    const [section, how] = [sectionOf(claim), howOf(claim)];
    return { ...told, section, how, outcomes, verdict: verdictOf(outcomes) };
  });
}

function sectionOf(claim: Claim): string {
  return SECTIONS.find(({ claims }) => claims.includes(claim))?.title ?? '';
}
