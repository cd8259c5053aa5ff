import { judge } from './checkers.ts';
import type { Claim } from './claim.ts';
import type { Observations } from './observations.ts';
import { SECTIONS } from './sections.ts';
import { verdictOf } from './verdict.ts';
import type { ClaimKind, Verified } from './verdict-schema.ts';

/** Which claims are asked about; what is absent takes all. */
export interface ClaimFilter {
  readonly ids?: readonly string[];
  /** Titles of sections, or parts of them. */
  readonly sections?: readonly string[];
  readonly kinds?: readonly ClaimKind[];
}

/** The claims that a filter leaves, in the order of the guide. */
export function claimsOf({ ids, sections, kinds }: ClaimFilter): readonly Claim[] {
  return SECTIONS.filter(({ title }) => sections === undefined || sections.some((part) => has(title, part)))
    .flatMap(({ claims }) => claims)
    .filter(({ id }) => ids === undefined || ids.includes(id))
    .filter(({ kind }) => kinds === undefined || kinds.includes(kind));
}

function has(title: string, part: string): boolean {
  return title.toLowerCase().includes(part.toLowerCase());
}

/** Holds claims against what was observed. */
export function verifyClaims(claims: readonly Claim[], observations: Observations): readonly Verified[] {
  return claims.map((claim) => {
    const outcomes = claim.assertions.map((assertion) => judge(assertion, observations));
    const { assertions: _, ...told } = claim;
    return { ...told, section: sectionOf(claim), outcomes, verdict: verdictOf(outcomes) };
  });
}

function sectionOf(claim: Claim): string {
  return SECTIONS.find(({ claims }) => claims.includes(claim))?.title ?? '';
}
