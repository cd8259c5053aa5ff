import type { ModelSpec } from './spec.ts';

/** A row that adds one step to another one. */
export interface Step {
  readonly label: string;
  /** Label of the row that it adds a step to; null: it is the first. */
  readonly after: string | null;
}

/** A step in its place on the ladder. */
export type Rung<T extends Step> = T & {
  /** How many of the rungs below it, on its way, have more than one rung after them. */
  readonly level: number;
};

/**
 * Steps as a tree is climbed: each one behind the one that it adds to, and all that come after it before its next
 * sibling; siblings in the order in which they are given. A step after one that is not there is a first one.
 */
export function inOrder<T extends Step>(steps: readonly T[]): Rung<T>[] {
  const labels = new Set(steps.map(({ label }) => label));
  const climb = (step: T, level: number, below: ReadonlySet<string>): Rung<T>[] => {
    const next = steps.filter(({ label, after }) => after === step.label && !below.has(label));
    const nextLevel = level + (next.length > 1 ? 1 : 0);
    const way = new Set([...below, step.label]);
    return [{ ...step, level }, ...next.flatMap((one) => climb(one, nextLevel, way))];
  };
  return steps
    .filter(({ after }) => after === null || !labels.has(after))
    .flatMap((first) => climb({ ...first, after: null }, 0, new Set([first.label])));
}

/** Families that have a ladder: some row of theirs adds a step to another one. */
export function ladderFamilies(models: readonly ModelSpec[]): string[] {
  return [...new Set(models.filter(({ after }) => after !== null).map(({ family }) => family))];
}

/** The rows of the ladder of a family, in their order: those that add a step, or that one is added to. */
export function ladderOfFamily(family: string, models: readonly ModelSpec[]): ModelSpec[] {
  const own = models.filter((model) => model.family === family);
  const isRung = ({ id, after }: ModelSpec) => after !== null || own.some((other) => other.after === id);
  return inOrder(own.filter(isRung).map((model) => ({ ...model, label: model.id }))).map(
    ({ label: _label, level: _level, ...model }) => model,
  );
}
