import type { Basis, Missing, Outcome, Verdict } from './verdict-schema.ts';

/**
 * THE RULE, one for every claim. What is missing decides nothing: the others speak, and where there are none the claim is *not
 * testable here*. Where some hold and others do not it *depends*, on what they are about. Where one lies within the noise, and
 * no two others differ, it is *inconclusive*. Else all agree.
 */
export function verdictOf(outcomes: readonly Outcome[]): Verdict {
  const by = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result);
  const [holds, fails, unsure] = [by('confirmed'), by('refuted'), by('noise')];
  const decided = [...holds, ...fails];
  const missing = distinct(outcomes.flatMap((outcome) => outcome.missing));
  const basis = strongest([...decided, ...unsure]);
  if (decided.length + unsure.length === 0)
    return {
      word: 'not testable here',
      basis: null,
      because: missing.map(missingInWords).join('; '),
      missing,
    };
  if (holds.length > 0 && fails.length > 0)
    return {
      word: 'depends',
      basis,
      because: `${told('holds', holds)}; ${told('does not', fails)}`,
      missing,
    };
  if (unsure.length > 0)
    return {
      word: 'inconclusive',
      basis,
      because: [
        ...(holds.length > 0 ? [told('holds', holds)] : []),
        ...(fails.length > 0 ? [told('does not', fails)] : []),
        ...unsure.map(({ about, precision }) => `${about}: ${precision}`),
      ].join('; '),
      missing,
    };
  return holds.length > 0
    ? { word: 'confirmed', basis, because: told('holds', holds), missing }
    : { word: 'refuted', basis, because: told('does not', fails), missing };
}

function told(how: string, outcomes: readonly Outcome[]): string {
  return `${how}: ${outcomes.map(({ about }) => about).join(', ')}`;
}

export function missingInWords({ what, why }: Missing): string {
  return `${what} (${why})`;
}

const WEIGHTS: readonly Basis[] = ['measured', 'observed', 'looked up', 'documented'];

function strongest(outcomes: readonly Outcome[]): Basis | null {
  return WEIGHTS.find((basis) => outcomes.some((outcome) => outcome.basis === basis)) ?? null;
}

function distinct(all: readonly Missing[]): readonly Missing[] {
  return [...new Map(all.map((missing) => [missingInWords(missing), missing])).values()];
}
