import { missingInWords } from '../claims/verify/verdict.ts';
import { type ClaimKind, VERDICTS, type Verified } from '../claims/verify/verdict-schema.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document, Part } from '../document/document-schema.ts';
import type { Environment } from '../results/schema.ts';
import { outcomeLine, verifyTable } from '../tables/verify-table.ts';
import { counted } from '../util/units.ts';
import { guestLine } from './guest-line.ts';
import { hostLine } from './run.ts';

/** What verdicts rest on, beside the host. */
export interface VerifySources {
  readonly environment: Environment;
  /** Where each kind of evidence is from: a line each. */
  readonly lines: readonly string[];
  /** What failed to run, and what else must be known to read the verdicts. */
  readonly warnings: readonly string[];
}

/** Claims by section, with their verdicts and evidence. */
export function verifyReport(claims: readonly Verified[], sources: VerifySources): Document {
  const sections = [...new Set(claims.map(({ section }) => section))];
  return documentOf({
    title: `The guide's claims ${sources.environment.guest === null ? 'on this host' : 'in a guest'}`,
    facts: factsOf(sources),
    parts: [
      ...sections.map((section) =>
        tablePart(
          verifyTable(
            section,
            claims.filter((claim) => claim.section === section),
          ),
        ),
      ),
      ...[rootPart(claims)].filter((part) => part !== null),
      notesPart([LEGEND]),
    ],
    warnings: sources.warnings,
    conclusion: summaryLine(claims),
  });
}

function factsOf({ environment, lines }: VerifySources): readonly string[] {
  const { guest } = environment;
  return [hostLine(environment), ...(guest === null ? [] : [guestLine(guest)]), ...lines];
}

const LEGEND =
  'A claim is told as the guide means it; each line of evidence says whether that part of it holds here. Numbers in brackets are 95 % intervals. Documented verdicts are those of the source that --explain names: nothing here was asked.';

/** How many claims came to what. */
export function summaryLine(claims: readonly Verified[]): string {
  const counts = VERDICTS.map((word) => ({
    word,
    count: claims.filter(({ verdict }) => verdict.word === word).length,
  })).filter(({ count }) => count > 0);
  const documented = claims.filter(({ verdict }) => verdict.basis === 'documented').length;
  const words = counts.map(({ word, count }) => `${count} ${word}`).join(', ');
  return `${counted(claims.length, 'claim')}: ${words}${documented === 0 ? '' : `; ${documented} of them from documents alone`}`;
}

const ROOT = /\broot\b|\bCAP_[A-Z_]+/;

/** What only a privileged user could answer. Null: nothing. */
function rootPart(claims: readonly Verified[]): Part | null {
  const found = claims.flatMap(({ id, verdict }) =>
    verdict.missing
      .filter((missing) => ROOT.test(missing.why))
      .map((missing) => `${id}: ${missingInWords(missing)}`),
  );
  return found.length === 0 ? null : notesPart(['Root would add:', ...found]);
}

/** One claim with everything that is known of it. */
export function explainReport(claim: Verified, sources: VerifySources): Document {
  const { verdict } = claim;
  const documented = verdict.basis === null ? '' : ` (${verdict.basis})`;
  return documentOf({
    title: claim.id,
    status: `: ${verdict.word}${documented}`,
    facts: factsOf(sources),
    parts: [
      notesPart([
        `The guide, ${claim.section}: ${claim.text}`,
        `By the source: ${claim.truth} (${claim.source})`,
        `How (${KIND_TEXTS[claim.kind]}): ${claim.how}`,
      ]),
      tablePart({
        title: 'What decides it',
        columns: [
          { key: 'holds', header: 'it holds where', align: 'left', priority: 0, wrap: true },
          { key: 'here', header: 'here', align: 'left', priority: 0, wrap: true },
          { key: 'from', header: 'from', align: 'left', priority: 1, wrap: true },
        ],
        rows: claim.outcomes.map((outcome) => ({
          holds: { kind: 'text', text: outcome.rule },
          here: { kind: 'text', text: outcomeLine(outcome) },
          from: { kind: 'text', text: [...new Set(outcome.evidence.map(({ from }) => from))].join('; ') },
        })),
        notes: [],
      }),
    ],
    warnings: sources.warnings,
    conclusion: verdict.because,
  });
}

const KIND_TEXTS: Readonly<Record<ClaimKind, string>> = {
  measured: 'a measurement',
  behaviour: 'what the kernel does',
  'static-fact': 'a fact',
  historical: 'history',
  recommendation: 'advice',
};
