import type { Comparison, LeftOut, Missing } from '../compare/result.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { compareOverview, compareTable } from '../tables/compare-table.ts';
import { metricName } from '../tables/metric-value.ts';
import { counted } from '../util/units.ts';

/** Rows that are left out are named one by one up to this many of a reason. */
const NAMED_MAX = 4;

/**
 * A comparison: what was compared, what differs, the verdicts, and what was left out.
 * @param options.noise what the noise certificate of the host says, or that there is none; null: not looked for.
 */
export function compareReport(
  comparison: Comparison,
  options: { readonly all: boolean; readonly noise: string | null } = { all: false, noise: null },
): Document {
  const tables = (['counted', 'timed'] as const)
    .map((kind) => compareTable(comparison, { kind, all: options.all }))
    .filter(({ rows }) => rows.length > 0);
  return documentOf({
    title: 'Comparison',
    facts: [...headerOf(comparison), ...(options.noise === null ? [] : [options.noise])],
    parts: [
      ...[...tables, compareOverview(comparison)].map(tablePart),
      notesPart(notesOf(comparison, options.all)),
      notesPart(missingLines(comparison.missing)),
    ],
    warnings: comparison.warnings,
    conclusion: outcomeLine(comparison),
  });
}

/** The verdict in a sentence: also the message of the gate. */
export function outcomeLine({ outcome, counts, missing }: Comparison): string {
  const { regressed, improved, same, inconclusive } = counts;
  const all = regressed + improved + same + inconclusive;
  const rest = `${improved} improved, ${same} the same, ${inconclusive} inconclusive, of ${all}`;
  const lost = missing.filter(({ allowed }) => !allowed).length;
  switch (outcome) {
    case 'regressed':
      return `regressed: ${regressed}; ${lost > 0 ? `missing: ${lost}; ` : ''}${rest}`;
    case 'missing':
      return `missing: ${lost} of what the base has; nothing that is there regressed: ${rest}`;
    case 'inconclusive':
      return `nothing regressed, but not all could be decided: ${rest}`;
    case 'passed':
      return `nothing regressed: ${rest}`;
  }
}

function headerOf({ base, current, calibration, unsteady, environment }: Comparison): string[] {
  const side = ({ runs, blocks }: Comparison['base']) =>
    `${runs.map(({ runId, kernel }) => `${runId} (Linux ${kernel})`).join(', ')}: ${counted(blocks, 'block')}`;
  const shown = (ratio: number) => `${ratio >= 1 ? '+' : ''}${(100 * (ratio - 1)).toFixed(1)} %`;
  return [
    `base     ${side(base)}`,
    `current  ${side(current)}`,
    ...(calibration === null
      ? []
      : [
          `machine without any model: loop ${shown(calibration.spin.ratio)}, system call ${shown(calibration.syscall.ratio)}, round trip ${shown(calibration.ping.ratio)}`,
        ]),
    ...unsteady.map((reason) => `host not steady: ${reason}`),
    ...environment.map((one) => `differs: ${one.what}: ${one.base} -> ${one.current}${EFFECTS[one.effect]}`),
  ];
}

const EFFECTS = { subject: '', noted: '', refused: ' (compared by force)' } as const;

function notesOf(comparison: Comparison, all: boolean): string[] {
  const { metrics, unsteady } = comparison;
  const used = new Set(metrics.map(({ decidedBy }) => decidedBy));
  return [
    ...(all ? [] : ['Rows that did not change are counted only; --all shows them.']),
    ...(used.has('relative')
      ? [
          "beside client: server CPU over the load generator's own CPU in the same trial, which neighbours slow down alike. It decides where the host was not steady, or where no kernel or setting differs.",
        ]
      : []),
    ...(used.has('normalised') ? ['normalised: each block by the calibration of that block.'] : []),
    ...(unsteady.length > 0
      ? [
          'Of a host that was not steady, throughput and response times are judged only with 3 runs a side or more.',
        ]
      : []),
    ...leftOutLines(comparison.leftOut),
  ];
}

/** Each by itself: somebody has to look for it, or to allow it. */
function missingLines(missing: readonly Missing[]): string[] {
  return missing.map(
    ({ allowed, reason, ...cell }) => `missing${allowed ? ', as allowed' : ''}: ${nameOf(cell)}: ${reason}`,
  );
}

function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  const found = new Map<string, string[]>();
  for (const { reason, ...cell } of leftOut) found.set(reason, [...(found.get(reason) ?? []), nameOf(cell)]);
  return [...found].map(([reason, names]) => {
    const some = names.slice(0, NAMED_MAX).join('; ');
    const more = names.length > NAMED_MAX ? `; and ${names.length - NAMED_MAX} more` : '';
    return `left out: ${some}${more}: ${reason}`;
  });
}

function nameOf({ label, workload, metric }: Omit<LeftOut, 'reason'>): string {
  return `${label} ${workload}${metric === null ? '' : ` ${metricName(metric)}`}`;
}
