import type { Comparison, MetricComparison, Missing, Overall } from '../compare/result.ts';
import { formatChange } from '../document/format.ts';
import type { RunRecord, TrialResult } from '../results/schema.ts';
import type { RowSummary } from '../summary/run-summary.ts';
import { counted, MS_PER_S } from '../util/units.ts';
import { type ExportCell, exportCells } from './cells.ts';
import type { Exporter, ExportInput } from './exporter.ts';
import { originOf } from './origin.ts';

/** What came of a test case; `failure` is kept for what a comparison finds. */
type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'skipped' | 'error'; readonly message: string }
  | { readonly kind: 'failure'; readonly type: FailureType; readonly message: string };

/** A regression or, of what the base has, a loss; both fail. */
type FailureType = 'regression' | 'missing';

interface TestCase {
  readonly name: string;
  readonly wallMs: number;
  readonly outcome: Outcome;
}

interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

const PASSED: Outcome = { kind: 'passed' };

/** No workload is called so: its ids have no spaces. */
const OVERALL_SUITE = 'all cells together';

/**
 * JUnit XML. Of a comparison: a suite of the metrics over all cells, and a test case per cell and metric, which fails where it regressed and is
 * skipped where it is inconclusive, and one that fails for a cell that the base has and the run lost. Of a run alone: a test case per cell, which cannot fail. In both a
 * cell that could not be measured is skipped, with the reason, and one whose trials failed is an error.
 * Source: the schema of the JUnit task of Ant, as CI services read it.
 */
export const junitExporter: Exporter = {
  id: 'junit',
  title: 'JUnit XML: what broke; by compare --export also what regressed',
  files: ['junit.xml'],
  verdicts: true,
  write: (input) => {
    const { record } = input.result;
    const overall =
      input.comparison === null ? [] : [{ name: OVERALL_SUITE, cases: overallCases(input.comparison) }];
    const suites = [...overall, ...workloadsOf(input).map((id) => ({ name: id, cases: casesOf(input, id) }))];
    const attributes = { name: record.tool.name, ...totals(suites.flatMap(({ cases }) => cases)) };
    const body = suites.map((suite) => suiteXml(suite, record)).join('');
    return [
      `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributesXml(attributes)}>\n${body}</testsuites>\n`,
    ];
  },
};

/** Of the run, and those that it lost as a whole. */
function workloadsOf({ result, comparison }: ExportInput): readonly string[] {
  const own = result.record.settings.workloads.map(({ id }) => id);
  return [...new Set([...own, ...(comparison?.missing ?? []).map(({ workload }) => workload)])];
}

function casesOf(input: ExportInput, workload: string): readonly TestCase[] {
  const cells = exportCells(input).filter((cell) => cell.workload === workload);
  const { comparison } = input;
  if (comparison === null)
    return cells.map((cell) => ({
      name: cell.label,
      wallMs: wallMsOf(cell, input.result.trials),
      outcome: outcomeOfRow(cell.row),
    }));
  const planned = new Set(cells.map(({ label }) => label));
  const unplanned = comparison.missing.filter(
    (lost) => lost.workload === workload && !planned.has(lost.label),
  );
  return [
    ...cells.flatMap((cell) => comparedCases(cell, comparison, wallMsOf(cell, input.result.trials))),
    ...unplanned.map((lost) => ({ ...missingCase(lost), wallMs: 0 })),
  ];
}

function missingCase({ label, metric, reason, allowed }: Missing): Omit<TestCase, 'wallMs'> {
  return {
    name: metric === null ? label : `${label} ${metric}`,
    outcome: allowed
      ? { kind: 'skipped', message: `missing, as allowed: ${reason}` }
      : { kind: 'failure', type: 'missing', message: `missing: ${reason}` },
  };
}

/** A case per metric, which share the time of the cell; and one for what broke in it. */
function comparedCases(cell: ExportCell, comparison: Comparison, wallMs: number): readonly TestCase[] {
  const isOfCell = (other: { label: string; workload: string }) =>
    other.label === cell.label && other.workload === cell.workload;
  const lost = comparison.missing.filter(isOfCell);
  const isGone = lost.some(({ metric }) => metric === null);
  const broken = isGone ? PASSED : outcomeOfRow(cell.row);
  const cases: Omit<TestCase, 'wallMs'>[] = [
    ...comparison.metrics.filter(isOfCell).map((metric) => ({
      name: `${cell.label} ${metric.metric}`,
      outcome: outcomeOfMetric(metric),
    })),
    ...lost.map(missingCase),
  ];
  for (const { metric, reason } of comparison.leftOut.filter(isOfCell)) {
    const outcome: Outcome = { kind: 'skipped', message: `not compared: ${reason}` };
    if (metric !== null) cases.push({ name: `${cell.label} ${metric}`, outcome });
    else if (broken.kind !== 'error') cases.push({ name: cell.label, outcome });
  }
  if (broken.kind === 'error') cases.push({ name: cell.label, outcome: broken });
  return cases.map((item) => ({ ...item, wallMs: wallMs / cases.length }));
}

function outcomeOfMetric(metric: MetricComparison): Outcome {
  switch (metric.verdict) {
    case 'regressed':
      return metric.confirmed === false
        ? { kind: 'skipped', message: `not confirmed by a second measurement: ${changeText(metric)}` }
        : { kind: 'failure', type: 'regression', message: `regressed: ${changeText(metric)}` };
    case 'inconclusive':
      return { kind: 'skipped', message: `inconclusive: ${metric.reason ?? changeText(metric)}` };
    case 'improved':
    case 'same':
      return PASSED;
  }
}

/** `+11.2 % [+9.8 %, +12.4 %], 6,400 to 7,117, to be found 5 %, p 0.001, by pairs`. */
function changeText(metric: MetricComparison): string {
  const { change, base, current, detect, adjustedP, decidedBy } = metric;
  return [
    `${formatChange(change.ratio, change.interval)}`,
    `${digits(base.value)} to ${digits(current.value)}`,
    `to be found ${digits(detect * 100)} %`,
    ...(adjustedP === null ? [] : [`p ${adjustedP.toPrecision(2)}`]),
    `decided by ${decidedBy}`,
  ].join(', ');
}

/** The answer before its parts: a case per metric over all cells, and one for the machine itself. */
function overallCases({ overall, finding }: Comparison): readonly TestCase[] {
  const machine: TestCase[] =
    finding === null
      ? []
      : [
          {
            name: `machine ${finding.reading}`,
            wallMs: 0,
            outcome:
              finding.verdict === 'regressed'
                ? {
                    kind: 'failure',
                    type: 'regression',
                    message: `regressed by itself under the new kernel: ${formatChange(finding.ratio)} in each of ${counted(finding.runs, 'run')}`,
                  }
                : PASSED,
          },
        ];
  return [
    ...machine,
    ...overall.map((one) => ({
      name: one.metric,
      wallMs: 0,
      outcome: outcomeOfOverall(one),
    })),
  ];
}

function outcomeOfOverall({ verdict, change, cells, reason }: Overall): Outcome {
  const what = `${formatChange(change.ratio, change.interval)} over ${counted(cells, 'cell')}`;
  switch (verdict) {
    case 'regressed':
      return { kind: 'failure', type: 'regression', message: `regressed: ${what}` };
    case 'inconclusive':
      return { kind: 'skipped', message: `inconclusive: ${reason ?? what}` };
    case 'improved':
    case 'same':
      return PASSED;
  }
}

/** Of a row by itself: no number makes it fail. */
function outcomeOfRow(row: RowSummary): Outcome {
  switch (row.status) {
    case 'skipped':
      return { kind: 'skipped', message: row.reason };
    case 'not-run':
      return { kind: 'skipped', message: 'the run ended before its first trial' };
    case 'failed':
      return { kind: 'error', message: failureText(row) };
    case 'measured':
      return row.trials.failed === 0 ? PASSED : { kind: 'error', message: failureText(row) };
  }
}

function failureText({ trials, failures }: Exclude<RowSummary, { status: 'skipped' }>): string {
  return `${counted(trials.failed, 'trial')} failed: ${failures.join('; ')}`;
}

function wallMsOf(cell: ExportCell, trials: readonly TrialResult[]): number {
  return trials
    .filter((trial) => trial.label === cell.label && trial.workload === cell.workload)
    .reduce((sum, trial) => sum + trial.wallMs, 0);
}

function digits(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 6 });
}

function suiteXml({ name, cases }: TestSuite, record: RunRecord): string {
  // The schema has the time without a zone.
  const attributes = { name, ...totals(cases), timestamp: record.startedAt.replace(/(\.\d+)?Z$/, '') };
  const body = cases.map((item) => caseXml(item, name)).join('');
  return `  <testsuite${attributesXml(attributes)}>\n${propertiesXml(record)}${body}  </testsuite>\n`;
}

/** Where it was measured, and by what. */
function propertiesXml(record: RunRecord): string {
  const properties = Object.entries({ run: record.runId, ...originOf(record) }).flatMap(([name, value]) =>
    value === null ? [] : [`      <property${attributesXml({ name, value })}/>\n`],
  );
  return `    <properties>\n${properties.join('')}    </properties>\n`;
}

function totals(cases: readonly TestCase[]) {
  const count = (kind: Outcome['kind']) => cases.filter(({ outcome }) => outcome.kind === kind).length;
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    time: secondsOf(cases.reduce((sum, { wallMs }) => sum + wallMs, 0)),
  };
}

function caseXml({ name, wallMs, outcome }: TestCase, workload: string): string {
  const attributes = attributesXml({ name, classname: workload, time: secondsOf(wallMs) });
  switch (outcome.kind) {
    case 'passed':
      return `    <testcase${attributes}/>\n`;
    case 'skipped':
      return `    <testcase${attributes}>\n      <skipped${attributesXml({ message: outcome.message })}/>\n    </testcase>\n`;
    case 'failure':
    case 'error': {
      const type = outcome.kind === 'failure' ? outcome.type : 'trial';
      const inner = `${attributesXml({ message: outcome.message, type })}>${escapeXml(outcome.message)}`;
      return `    <testcase${attributes}>\n      <${outcome.kind}${inner}</${outcome.kind}>\n    </testcase>\n`;
    }
  }
}

function secondsOf(ms: number): string {
  return (ms / MS_PER_S).toFixed(3);
}

function attributesXml(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** Characters that XML 1.0 cannot hold, not even escaped, become U+FFFD. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
    .replaceAll(/[&<>"\n\r\t]/g, (character) => ENTITIES[character] ?? character);
}
