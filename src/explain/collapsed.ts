import type { PathLength } from './explain-schema.ts';
import { subsystemOf } from './subsystems.ts';

/**
 * Stacks in the form that flame graph tools read, a line each with `label;subsystem;function` and whole instructions
 * per request; less than half an instruction is left out. With a second side the line has both numbers, the form of a
 * differential flame graph (difffolded.pl).
 */
export function collapsedStacks(path: PathLength, after: PathLength | null = null): string[] {
  const before = amountsOf(path);
  const then = after === null ? null : amountsOf(after);
  const root = frame(
    after === null || after.label === path.label ? path.label : `${path.label} → ${after.label}`,
  );
  return [...new Set([...before.keys(), ...(then?.keys() ?? [])])]
    .map((name) => ({ name, amounts: [before.get(name) ?? 0, ...(then ? [then.get(name) ?? 0] : [])] }))
    .filter(({ amounts }) => amounts.some((amount) => amount > 0))
    .map(({ name, amounts }) => `${root};${frame(subsystemOf(name))};${frame(name)} ${amounts.join(' ')}`);
}

function amountsOf({ functions }: PathLength): Map<string, number> {
  return new Map(functions.map(({ name, instructions }) => [name, Math.round(instructions)]));
}

/** A semicolon would part it in two. */
function frame(name: string): string {
  return name.replaceAll(/[;\s]+/g, ' ').trim();
}
