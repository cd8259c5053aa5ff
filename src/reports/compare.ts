import type { Comparison, LeftOut, Missing } from '../compare/result.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { formatChange } from '../document/format.ts';
import { groupBy } from '../stats/group-by.ts';
import { compareOverview, compareTable, overallTable } from '../tables/compare-table.ts';
import { metricName } from '../tables/metric-value.ts';
import { counted } from '../util/units.ts';

/** Rows that are left out are named one by one up to this many of a reason. */
const NAMED_MAX = 4;

/**
 * A comparison: the answer, what was compared, what differs, the verdicts, and what was left out.
 * @param options.noise what the noise certificate of the host says, or that there is none; null: not looked for.
 */
export function compareReport(
  comparison: Comparison,
  options: {
    readonly all: boolean;
    readonly noise: string | null;
    /** What explains a change of path length, line by line. */
    readonly why?: readonly string[];
  } = { all: false, noise: null },
): Document {
  const tables = (['counted', 'timed'] as const)
    .map((kind) => compareTable(comparison, { kind, all: options.all }))
    .filter(({ rows }) => rows.length > 0);
  return documentOf({
    title: outcomeLine(comparison),
    facts: [...headerOf(comparison), ...(options.noise === null ? [] : [options.noise])],
    parts: [
      ...[overallTable(comparison), ...tables, compareOverview(comparison)].map(tablePart),
      notesPart(notesOf(comparison, options.all)),
      notesPart(missingLines(comparison.missing)),
      notesPart(options.why ?? []),
    ],
    warnings: comparison.warnings,
  });
}

/** The answer in a sentence: the first line of every report, and the message of the gate. */
export function outcomeLine(comparison: Comparison): string {
  const { outcome, counts, missing, finding } = comparison;
  const lost = missing.filter(({ allowed }) => !allowed).length;
  const rest = `cell by cell ${counts.regressed} regressed, ${counts.improved} improved, ${counts.same} the same, ${counts.inconclusive} inconclusive`;
  const machine =
    finding === null ? [] : [`the machine itself: a ${finding.reading} ${formatChange(finding.ratio)}`];
  switch (outcome) {
    case 'regressed':
      return [
        `regressed: ${[...machine, ...overallTexts(comparison)].join('; ')}`,
        ...(lost > 0 ? [`missing: ${lost}`] : []),
        rest,
      ].join('; ');
    case 'missing':
      return `missing: ${lost} of what the base has; nothing that is there regressed: ${rest}`;
    case 'inconclusive':
      return `inconclusive: ${whyInconclusive(comparison)}; ${rest}`;
    case 'passed':
      return `passed: ${[...machine, ...overallTexts(comparison)].join('; ')}; ${rest}`;
  }
}

/** What regressed over all cells, else what the gate says. */
function overallTexts({ overall }: Comparison): string[] {
  const regressed = overall.filter(({ verdict }) => verdict === 'regressed');
  const told = regressed.length > 0 ? regressed : overall.filter((one) => one.gate && one.cells > 0);
  return told.map(
    ({ metric, change, cells }) =>
      `${metricName(metric)} ${formatChange(change.ratio, change.interval)} over ${counted(cells, 'cell')}`,
  );
}

function whyInconclusive({ unlike, overall }: Comparison): string {
  const [first] = unlike;
  if (first !== undefined) return first;
  const open = overall.filter(({ gate, verdict }) => gate && verdict === 'inconclusive');
  const byReason = groupBy(open, ({ reason }) => reason ?? '');
  const reasons = [...byReason].map(([reason, own]) => {
    const names = own.map(({ metric, change, cells }) =>
      cells === 0
        ? metricName(metric)
        : `${metricName(metric)} ${formatChange(change.ratio, change.interval)}`,
    );
    return `${names.join(' and ')}: ${reason}`;
  });
  return reasons.join('; ') || 'nothing that the outcome needs was judged';
}

function headerOf(comparison: Comparison): string[] {
  const { base, current, again, calibration, environment, unlike, finding } = comparison;
  const side = ({ runs }: Comparison['base']) =>
    runs
      .map(
        ({ runId, kernel, blocks, trials, clean }) =>
          `${runId} (Linux ${kernel}; ${counted(blocks, 'block')}, ${clean} of ${counted(trials, 'trial')} clean)`,
      )
      .join(', ');
  return [
    `base     ${side(base)}`,
    `current  ${side(current)}`,
    ...(again === undefined ? [] : [`again    ${side(again)}`]),
    designLine(comparison),
    ...(calibration === null
      ? []
      : [
          `machine without any model: loop ${formatChange(calibration.spin)}, system call ${formatChange(calibration.syscall)}, round trip ${formatChange(calibration.ping)}`,
        ]),
    ...unlike.map((reason) => `unlike the host: ${reason}`),
    ...(finding === null
      ? []
      : [
          `${finding.verdict} by itself: under the new kernel a ${finding.reading} of the calibration took ${formatChange(finding.ratio)} in each of ${counted(finding.runs, 'run')}, and in no run of the base`,
        ]),
    ...environment.map((one) => `differs: ${one.what}: ${one.base} -> ${one.current}${EFFECTS[one.effect]}`),
  ];
}

/** What the units are, and what their spread is known from. */
function designLine({ design, base, current, history }: Comparison): string {
  if (design === 'pairs') return 'judged in pairs: both sides stand in the same blocks';
  const sides = `${base.runs.length} and ${counted(current.runs.length, 'run')}`;
  const known =
    history.runs === 0
      ? 'no other run of this host is known'
      : `${counted(history.runs, 'other run')} of this host known`;
  const few = Math.min(base.runs.length, current.runs.length) < RUNS_MIN && history.runs < RUNS_MIN;
  return `judged by runs: ${sides}, ${known}${few ? `; with fewer than ${RUNS_MIN} a side and so little history no single change can be believed` : ''}`;
}

/** With fewer it is hardly known how far runs lie apart. */
const RUNS_MIN = 3;

const EFFECTS = { subject: '', noted: '', refused: ' (compared by force)' } as const;

function notesOf({ metrics, leftOut }: Comparison, all: boolean): string[] {
  const used = new Set(metrics.map(({ decidedBy }) => decidedBy));
  return [
    ...(all ? [] : ['Cells that did not change are counted only; --all shows them.']),
    ...(used.has('best')
      ? [
          'floor, ceiling: the expected best of five clean trials of each run, which noise can only make worse; runs ±: how far equal runs lie apart.',
        ]
      : []),
    ...(used.has('exact')
      ? ['boots: the middle of the trials of each boot, in guest instructions; they are no time.']
      : []),
    ...leftOutLines(leftOut),
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
