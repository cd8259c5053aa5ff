import { MODELS_GROUP } from '../compare/feature-matrix.ts';
import type { FeatureCell, FeatureMatrix } from '../compare/feature-matrix-schema.ts';
import type { Row, Table } from '../document/document-schema.ts';
import { text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { kernelNames } from './kernels-table.ts';

type Group = FeatureMatrix['groups'][number];
type Feature = Group['features'][number];

/** Features beside kernels: those that not all kernels have, or with `all` every one, those first in each group. */
export function featuresTable(
  { kernels, groups }: FeatureMatrix,
  { all }: { readonly all: boolean },
): Table | null {
  const names = kernelNames(kernels);
  const shown = groups.flatMap(({ group, features }) => {
    const differing = features.filter(({ same }) => !same);
    const rest = all ? features.filter(({ same }) => same) : [];
    return [...differing, ...rest].map((feature, i) => ({ group, feature, isFirst: i === 0 }));
  });
  if (shown.length === 0) return null;
  return {
    title: all ? 'Every feature' : 'What not all of them have',
    columns: [
      { key: 'group', header: 'group', align: 'left', priority: 0 },
      { key: 'feature', header: 'feature', align: 'left', priority: 0 },
      ...names.map((name, i) => ({
        key: `k${i}`,
        header: name,
        align: 'left' as const,
        priority: 0 as const,
        wrap: true,
      })),
    ],
    rows: shown.map(
      ({ group, feature, isFirst }): Row => ({
        group: text(isFirst ? group : ''),
        feature: text(feature.name, feature.same ? 'plain' : 'strong'),
        ...Object.fromEntries(feature.cells.map((cell, i) => [`k${i}`, cellValue(cell, feature, all)])),
      }),
    ),
    notes: shown
      .filter(({ group }) => group === MODELS_GROUP)
      .flatMap(({ feature }) => reasonsOf(feature, names)),
  };
}

/** A model's reason is a sentence, and stands below. What all kernels offer to a model tells nothing of them. */
function cellValue({ available, reason, uses }: FeatureCell, { cells }: Feature, all: boolean): Value {
  if (available === null) return text('-', 'faint');
  if (!available) return text(isShort(reason) ? `no: ${reason}` : 'no', 'faint');
  const telling = all
    ? uses
    : uses.filter((one) => cells.some((cell) => cell.available === true && !cell.uses.includes(one)));
  return text(telling.length === 0 ? 'yes' : `yes: ${telling.join(', ')}`);
}

/** Whether a reason fits into a cell and says more than that there is no such thing. */
function isShort(reason: string | null): reason is string {
  return reason !== null && reason !== 'unknown' && !/ \S+ /.test(reason);
}

function reasonsOf({ name, cells }: Feature, names: readonly string[]): string[] {
  const by = new Map<string, string[]>();
  for (const [i, { available, reason }] of cells.entries())
    if (available === false && reason !== null && !isShort(reason))
      by.set(reason, [...(by.get(reason) ?? []), names[i] ?? '']);
  return [...by].map(([reason, under]) => `${name} under ${under.join(', ')}: ${reason}`);
}

/** What is the same under all kernels, a group in two lines at most: what they have, what they have not. */
export function sameFeaturesTable({ kernels, groups }: FeatureMatrix): Table | null {
  const rows = groups.flatMap(({ group, features }) => {
    const same = features.filter((feature) => feature.same);
    return [true, false].flatMap((available) => {
      const found = same.filter(({ cells }) => isAvailable(cells) === available);
      return found.length === 0 ? [] : [sameRow(group, available, found)];
    });
  });
  if (rows.length === 0) return null;
  return {
    title: kernels.length === 1 ? 'What it has' : 'The same under all of them',
    columns: [
      { key: 'group', header: 'group', align: 'left', priority: 0 },
      { key: 'available', header: 'there', align: 'left', priority: 0 },
      { key: 'count', header: 'how\nmany', align: 'right', priority: 1 },
      { key: 'features', header: 'features', align: 'left', priority: 0, wrap: true },
    ],
    rows,
    notes: groups
      .filter(({ group }) => group === MODELS_GROUP)
      .flatMap(({ features }) => features.filter(({ same, cells }) => same && !isAvailable(cells)))
      .flatMap(({ name, cells }) => {
        const reason = cells.find((cell) => cell.available === false)?.reason;
        return typeof reason === 'string' ? [`${name}: ${reason}`] : [];
      }),
  };
}

function isAvailable(cells: readonly FeatureCell[]): boolean {
  return cells.some(({ available }) => available === true);
}

function sameRow(group: string, available: boolean, features: readonly Feature[]): Row {
  const named = features.map(({ name, cells }) => {
    const reasons = group === MODELS_GROUP ? [] : cells.flatMap(({ reason }) => reason ?? []);
    const told = new Set([...cells.flatMap(({ uses }) => uses), ...reasons]);
    return told.size === 0 ? name : `${name} (${[...told].join(', ')})`;
  });
  return {
    group: text(group),
    available: text(available ? 'yes' : 'no', available ? 'plain' : 'faint'),
    count: { kind: 'count', value: features.length },
    features: text(named.join(', ')),
  };
}
