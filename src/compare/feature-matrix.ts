import type { FeatureGroup } from '../place/agent/protocol.ts';
import type { Support } from '../results/schema.ts';
import type { FeatureCell, FeatureMatrix } from './feature-matrix-schema.ts';

/** What a kernel was asked and said, or why its boot broke. */
export type ProbedKernel = {
  readonly release: string;
  /** Name of the image's file. */
  readonly image: string;
} & (
  | {
      readonly status: 'probed';
      /** As `uname -v` says. */
      readonly build: string;
      /** Of every row that was asked. */
      readonly support: readonly Support[];
      readonly groups: readonly FeatureGroup[];
    }
  | { readonly status: 'broke'; readonly problem: string }
);

type Feature = FeatureMatrix['groups'][number]['features'][number];

/** The group of the rows of the registry. */
export const MODELS_GROUP = 'models';
const NOT_ASKED: FeatureCell = { available: null, reason: null, uses: [] };
/** Of a feature by its number, which an older kernel's answer does not name. */
const UNKNOWN: FeatureCell = { available: false, reason: 'unknown', uses: [] };

/** Features beside kernels. Groups and features have the order in which the kernels name them. */
export function featureMatrix(
  kernels: readonly ProbedKernel[],
  guest: FeatureMatrix['guest'],
): FeatureMatrix {
  const answers = kernels.map((kernel) => (kernel.status === 'probed' ? groupsOf(kernel) : null));
  return {
    guest,
    kernels: kernels.map((kernel) => ({
      release: kernel.release,
      image: kernel.image,
      build: kernel.status === 'probed' ? kernel.build : null,
      problem: kernel.status === 'broke' ? kernel.problem : null,
    })),
    groups: distinct(answers.flatMap((groups) => groups?.map(({ group }) => group) ?? [])).map((group) => {
      const found = answers.map((groups) => groups?.find((one) => one.group === group) ?? null);
      const names = distinct(found.flatMap((one) => [...(one?.cells.keys() ?? [])]));
      return {
        group,
        counts: found.map((one) => one?.count ?? null),
        features: names.map((name) =>
          featureOf(
            name,
            found.map((one) => one?.cells ?? null),
          ),
        ),
      };
    }),
  };
}

interface Group {
  readonly group: string;
  readonly count: number | null;
  readonly cells: ReadonlyMap<string, FeatureCell>;
}

function groupsOf({ support, groups }: Extract<ProbedKernel, { status: 'probed' }>): Group[] {
  return [
    {
      group: MODELS_GROUP,
      count: null,
      cells: new Map(
        support.map(({ model, supported, reason, features }) => [
          model,
          { available: supported, reason, uses: features },
        ]),
      ),
    },
    ...groups.map(({ group, count, features }) => ({
      group,
      count,
      cells: new Map(
        features.map(({ name, available, reason }) => [name, { available, reason, uses: [] }] as const),
      ),
    })),
  ];
}

function featureOf(name: string, kernels: readonly (Group['cells'] | null)[]): Feature {
  const cells = kernels.map((found) => (found === null ? NOT_ASKED : (found.get(name) ?? UNKNOWN)));
  const asked = cells.filter(({ available }) => available !== null);
  const answers = asked.map(({ available, uses }) => [available, ...uses.toSorted()].join(' '));
  return { name, same: new Set(answers).size <= 1, cells };
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}
