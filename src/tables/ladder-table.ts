import type { Ladder, LadderFamily, LadderStep, LadderStop, StepChange } from '../compare/ladder-schema.ts';
import type { Change } from '../compare/result.ts';
import type { Column, Row, Table } from '../document/document-schema.ts';
import { formatCount } from '../document/format.ts';
import { NONE, text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { findMetric } from '../metrics/registry.ts';
import { metricName, metricValue } from './metric-value.ts';

type Workloads = Ladder['workloads'];

/** One metric of a ladder: what each rung has under each workload, and how many times that of the one below it. */
export function rungsTable(family: LadderFamily, metric: string, workloads: Workloads): Table {
  return {
    title: `${family.family}: ${metricName(metric)}, and what each rung makes of that of the one before it`,
    columns: [
      { key: 'rung', header: 'rung', align: 'left', priority: 0 },
      { key: 'after', header: 'after', align: 'left', priority: 2 * workloads.length + 2 },
      ...workloads.flatMap(({ id }, i): Column[] => [
        { key: `${id}-value`, header: headerOf(workloads, i), align: 'right', priority: 2 * i + 3 },
        { key: `${id}-times`, header: 'times that\nbefore', align: 'left', priority: i + 1 },
      ]),
    ],
    rows: family.rungs.map((rung) => ({
      rung: text(`${'· '.repeat(rung.level)}${rung.label}`),
      after: text(rung.after ?? '', 'faint'),
      ...Object.fromEntries(
        family.steps.flatMap(({ workload, rungs }) => {
          const step = rungs.find(({ label }) => label === rung.label);
          return step === undefined ? [] : cellsOf(step, metric, workload);
        }),
      ),
    })),
    notes: [...notMeasuredNotes(family), ...spanNotes(family), ...leftOutNotes(family, metric)],
  };
}

/** Workloads that differ in nothing else are told by their connections. */
function headerOf(workloads: Workloads, i: number): string {
  const workload = workloads[i];
  if (workload === undefined) return '';
  const same = workloads.filter(({ connections }) => connections === workload.connections).length;
  return same > 1 ? workload.id : `${formatCount(workload.connections)}\nconn.`;
}

function cellsOf(step: LadderStep, metric: string, workload: string): [string, Value][] {
  if (step.status !== 'measured') return [[`${workload}-times`, text(step.status, 'faint')]];
  const found = findMetric(metric);
  const value = step.values[metric] ?? null;
  return [
    [`${workload}-value`, found === undefined ? NONE : metricValue(found, { value, enough: true }, 'short')],
    [`${workload}-times`, timesOf(step, metric)],
  ];
}

function timesOf(step: LadderStep, metric: string): Value {
  if (step.against === null) return text('first', 'faint');
  const found = step.changes.find((one) => one.metric === metric);
  if (found === undefined) return NONE;
  const { ratio, interval } = found.change;
  return { kind: 'ratio', ratio, interval, verdict: verdictOf(found), apart: false };
}

function verdictOf({ better, change }: StepChange): Extract<Value, { kind: 'ratio' }>['verdict'] {
  if (change.interval === null) return 'unknown';
  if (better === null) return 'no-difference';
  return better ? 'better' : 'worse';
}

function notMeasuredNotes({ steps }: LadderFamily): string[] {
  const reasons = steps.flatMap(({ workload, rungs }) =>
    rungs.flatMap(({ label, status, reason }) =>
      status === 'measured'
        ? []
        : [{ label, workload, text: `${status}: ${reason ?? 'no reason is known'}` }],
    ),
  );
  return eachOnce(reasons, steps.length);
}

/** Where the rung below was not measured, another one stands in for it. */
function spanNotes({ steps, rungs }: LadderFamily): string[] {
  const after = new Map(rungs.map((rung) => [rung.label, rung.after]));
  const spans = steps.flatMap(({ workload, rungs: own }) =>
    own.flatMap(({ label, against, status }) =>
      status !== 'measured' || against === (after.get(label) ?? null)
        ? []
        : [
            {
              ...{ label, workload },
              text:
                against === null
                  ? 'the first that was measured here'
                  : `beside ${against}: ${after.get(label)} was not measured`,
            },
          ],
    ),
  );
  return eachOnce(spans, steps.length);
}

function leftOutNotes({ steps }: LadderFamily, metric: string): string[] {
  const left = steps.flatMap(({ workload, rungs }) =>
    rungs.flatMap(({ label, leftOut }) =>
      leftOut
        .filter((one) => one.metric === metric)
        .map(({ reason }) => ({ label, workload, text: `not compared: ${reason}` })),
    ),
  );
  return eachOnce(left, steps.length);
}

/** One line per text and set of workloads, with the rungs that it is true of. */
function eachOnce(
  all: readonly { readonly label: string; readonly workload: string; readonly text: string }[],
  workloads: number,
): string[] {
  const places = new Map<string, { label: string; text: string; where: string[] }>();
  for (const { label, workload, text: what } of all) {
    const key = `${label}\n${what}`;
    const place = places.get(key) ?? { label, text: what, where: [] };
    place.where.push(workload);
    places.set(key, place);
  }
  const lines = new Map<string, string[]>();
  for (const { label, text: what, where } of places.values()) {
    const line = `${where.length === workloads ? '' : `under ${where.join(', ')}: `}${what}`;
    lines.set(line, [...(lines.get(line) ?? []), label]);
  }
  return [...lines].map(([line, labels]) => `${labels.join(', ')}: ${line}`);
}

/** Where to stop, by workload: the answer. */
export function stopsTable({ family, stops }: LadderFamily, workloads: Workloads): Table {
  return {
    title: `${family}: where to stop`,
    columns: [
      { key: 'where', header: 'connections', align: 'right', priority: 0 },
      { key: 'stop', header: 'stop at', align: 'left', priority: 0 },
      { key: 'gain', header: 'CPU/request, times\nthat of the first', align: 'left', priority: 0 },
      { key: 'why', header: 'because', align: 'left', priority: 1, wrap: true },
    ],
    rows: stops.map((stop) => stopRow(stop, workloads)),
    notes: [],
  };
}

function stopRow(stop: LadderStop, workloads: Workloads): Row {
  return {
    where: text(whereOf(stop.workload, workloads)),
    stop: stop.label === null ? NONE : text(stop.label, 'strong'),
    gain: stop.change === null ? NONE : changeValue(stop.change),
    why: text(whyOf(stop, workloads)),
  };
}

function changeValue({ ratio, interval }: Change): Value {
  return { kind: 'ratio', ratio, interval, verdict: 'better', apart: false };
}

function whereOf(workload: string | null, workloads: Workloads): string {
  if (workload === null) return 'all';
  const at = workloads.findIndex(({ id }) => id === workload);
  return headerOf(workloads, at).split('\n')[0] ?? workload;
}

/** In a sentence or two. */
export function whyOf(stop: LadderStop, workloads: Workloads): string {
  const reason = OUTCOMES[stop.outcome](stop.first ?? '');
  const passed = stop.passedOver.map(({ label, change, losses }) => {
    const lost = losses.map(
      (loss) => `${metricName(loss.metric)} ${percent(loss.change.ratio)} ${atOf(loss.workload, workloads)}`,
    );
    return `${label}: CPU ${percent(change.ratio)} beside it, but ${lost.join(', ')}`;
  });
  return [reason, ...passed].join('; ');
}

const OUTCOMES: Readonly<Record<LadderStop['outcome'], (first: string) => string>> = {
  gain: () => 'the last that takes less CPU than what is below it, and loses nothing elsewhere',
  'no-difference': (first) => `no difference to ${first} that this run can show`,
  first: () => 'no further rung takes less CPU by more than the interval and loses nothing elsewhere',
  undecided: () => 'undecided: an interval needs more blocks (--blocks)',
  nothing: () => 'nothing was measured',
};

function atOf(workload: string, workloads: Workloads): string {
  const where = whereOf(workload, workloads);
  return where === workload ? `under ${where}` : `at ${where}`;
}

function percent(ratio: number): string {
  return `${ratio >= 1 ? '+' : '−'}${Math.abs(100 * (ratio - 1)).toFixed(1)} %`;
}

/** How to read the tables of a ladder, once for all of them. */
export const LADDER_LEGEND: readonly string[] = [
  'times that before: this rung over the one that it adds a step to, in pairs within the blocks, with the 95 % interval; one that holds 1 is no difference that this run can show.',
  'Where to stop: from the first rung on, step to one whose CPU per request is less than that of the rung one stands on by more than the interval (p < 0.05 for all rungs together), than which none before it takes less, and of which nothing got worse elsewhere: CPU with other connections, throughput or p99 with any, by more than 1 % and with p < 0.01 among all that is judged of the two.',
  '·: a way of its own, where more than one rung comes after another; a rung that does not run here is passed over, with the reason.',
];
