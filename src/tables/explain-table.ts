import type { Column, Row, Table } from '../document/document-schema.ts';
import { formatPerRequest, formatSigned } from '../document/format.ts';
import { text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { type Change, changeOf, clearChanges } from '../explain/difference.ts';
import { groupName, groupText } from '../explain/explain-change.ts';
import type {
  GroupChange,
  PathDifference,
  PathFunction,
  PathLength,
  SubsystemChange,
} from '../explain/explain-schema.ts';
import { reasonOf } from '../explain/reason.ts';
import { SUBSYSTEMS, subsystemOf } from '../explain/subsystems.ts';
import { sumOf } from '../stats/sums.ts';
import { counted } from '../util/units.ts';

/** A function that executes, or changes by, less per request is never in a table by itself. */
const SHOWN_FROM = 1;
/** Of what appeared and vanished unpaired so many are named in the note. */
const NAMED_MAX = 8;

const left = (key: string, header: string, priority: number): Column => ({
  ...{ key, header, priority },
  align: 'left',
});
const right = (key: string, header: string, priority: number): Column => ({
  ...{ key, header, priority },
  align: 'right',
});

/** Where the instructions of a request go: by subsystem. */
export function pathSubsystemTable(path: PathLength): Table {
  const rows = SUBSYSTEMS.map((subsystem) => {
    const functions = path.functions.filter(({ name }) => subsystemOf(name) === subsystem);
    return { subsystem, functions, instructions: sumOf(functions, (one) => one.instructions) };
  })
    .filter(({ instructions }) => instructions >= SHOWN_FROM)
    .sort((a, b) => b.instructions - a.instructions);
  return {
    title: `${cellOf(path)}: instructions per request by subsystem`,
    columns: [
      left('subsystem', 'subsystem', 0),
      right('instructions', 'instructions\n/request', 0),
      right('share', 'share', 0),
      left('most', 'most of it in', 1),
    ],
    rows: rows.map(({ subsystem, functions, instructions }) => ({
      subsystem: text(subsystem, 'strong'),
      instructions: { kind: 'count', value: instructions },
      share: text(percent(instructions / path.instructions)),
      most: text(
        functions
          .slice(0, 3)
          .map(({ name }) => name)
          .join(', '),
        'faint',
      ),
    })),
    notes: [],
  };
}

/** The functions with the most instructions of a request. */
export function pathFunctionTable(path: PathLength, rowsMax: number): Table {
  const shown = path.functions.slice(0, rowsMax).filter(({ instructions }) => instructions >= SHOWN_FROM);
  const rest = path.functions.slice(shown.length);
  return {
    title: `${cellOf(path)}: instructions per request by function`,
    columns: [
      left('function', 'function', 0),
      left('subsystem', 'subsystem', 1),
      right('instructions', 'instructions\n/request', 0),
      right('share', 'share', 0),
      right('calls', 'calls\n/request', 2),
      right('per-call', 'instructions\n/call', 3),
    ],
    rows: shown.map((one) => ({
      function: text(one.name, 'strong'),
      subsystem: text(subsystemOf(one.name)),
      instructions: { kind: 'count', value: one.instructions },
      share: text(percent(one.instructions / path.instructions)),
      calls: callsOf(one),
      'per-call': one.calls > 0 ? { kind: 'count', value: one.instructions / one.calls } : text(''),
    })),
    notes:
      rest.length === 0
        ? []
        : [
            `${counted(rest.length, 'further function')}: ${Math.round(sumOf(rest, (one) => one.instructions))} instructions per request.`,
          ],
  };
}

/** What each subsystem adds to a request or takes from it, the largest change first. */
export function subsystemChangeTable(difference: PathDifference): Table {
  const rows = difference.subsystems.filter((one) => Math.abs(changeOf(one)) >= SHOWN_FROM);
  const total = { before: difference.before.instructions, after: difference.after.instructions };
  return {
    title: `${cellsOf(difference)}: change of the instructions per request by subsystem`,
    columns: [
      left('subsystem', 'subsystem', 0),
      ...changeColumns(difference),
      left('most', 'most of it in', 1),
    ],
    rows: [
      ...rows.map((one) => ({
        subsystem: text(one.subsystem, 'strong'),
        ...changeCells(one),
        most: text(mostOf(one), 'faint'),
      })),
      { subsystem: text('all', 'strong'), ...changeCells(total) },
    ],
    notes: [],
  };
}

/** The functions that make most of a change, with what happened to them. */
export function functionChangeTable(difference: PathDifference, rowsMax: number): Table {
  const clear = clearChanges(difference, SHOWN_FROM);
  const shown = clear.slice(0, rowsMax);
  const rest = clear.slice(rowsMax);
  return {
    title: `${cellsOf(difference)}: change of the instructions per request by function`,
    columns: [
      left('function', 'function', 0),
      left('subsystem', 'subsystem', 3),
      ...changeColumns(difference),
      left('calls', 'calls/request', 2),
      left('why', 'what happened', 1),
    ],
    rows: shown.map(functionRow),
    notes: [...restNotes(rest), ...(sameKernel(difference) ? [] : unpairedNotes(clear))],
  };
}

function functionRow(group: GroupChange): Row {
  return {
    function: text(groupName(group), 'strong'),
    subsystem: text(group.subsystem),
    ...changeCells(group),
    calls: text(callsText(group)),
    why: text(reasonOf(group)),
  };
}

function changeColumns({ before, after }: PathDifference): Column[] {
  const names =
    before.label === after.label
      ? [shortOf(before.kernel), shortOf(after.kernel)]
      : [before.label, after.label];
  return [
    right('before', names[0] ?? '', 1),
    right('after', names[1] ?? '', 1),
    right('change', 'change', 0),
  ];
}

/** The release without what a distribution appends. */
function shortOf(kernel: string): string {
  return /^\d+(\.\d+)*(-rc\d+)?/.exec(kernel)?.[0] ?? kernel;
}

function changeCells(change: Change): { before: Value; after: Value; change: Value } {
  return {
    before: { kind: 'count', value: change.before },
    after: { kind: 'count', value: change.after },
    change: text(formatSigned(changeOf(change)), 'strong'),
  };
}

function mostOf({ groups, ...all }: SubsystemChange): string {
  return groups
    .filter((group) => Math.sign(changeOf(group)) === Math.sign(changeOf(all)))
    .filter((group) => Math.abs(changeOf(group)) >= SHOWN_FROM)
    .slice(0, 2)
    .map((group) => `${groupName(group)} ${formatSigned(changeOf(group))}`)
    .join(', ');
}

function callsText({ members }: GroupChange): string {
  const [one] = members;
  if (one === undefined || members.length > 1) return '';
  const [before, after] = [one.before?.calls ?? 0, one.after?.calls ?? 0].map((calls) => calls.toFixed(1));
  return before === after ? (before ?? '') : `${before} → ${after}`;
}

function callsOf({ calls }: PathFunction): Value {
  return text(calls > 0 ? formatPerRequest(calls) : '');
}

function restNotes(rest: readonly GroupChange[]): string[] {
  if (rest.length === 0) return [];
  const sum = sumOf(rest, changeOf);
  return [
    `${counted(rest.length, 'further change')} of functions, together ${formatSigned(sum)} instructions per request (--top).`,
  ];
}

/** What nothing explains, on both sides: some of it may be the same code. */
function unpairedNotes(clear: readonly GroupChange[]): string[] {
  const of = (relation: GroupChange['relation']) => clear.filter((group) => group.relation === relation);
  const said = (groups: readonly GroupChange[]) => {
    const names = groups.slice(0, NAMED_MAX).map(groupText);
    const more = groups.length > NAMED_MAX ? ` and ${groups.length - NAMED_MAX} more` : '';
    return `${counted(groups.length, 'function')}, ${formatSigned(sumOf(groups, changeOf))} (${names.join(', ')}${more})`;
  };
  const [appeared, vanished] = [of('appeared'), of('vanished')];
  return [
    ...(appeared.length > 0 ? [`Appeared, paired with nothing that vanished: ${said(appeared)}.`] : []),
    ...(vanished.length > 0
      ? [`Vanished, paired with nothing that appeared or grew: ${said(vanished)}.`]
      : []),
  ];
}

/** Of one kernel nothing was renamed: what one side alone executes, the other one does not call. */
function sameKernel({ before, after }: PathDifference): boolean {
  return before.kernel === after.kernel;
}

function cellOf({ label, workload }: PathLength): string {
  return `${label} under ${workload}`;
}

function cellsOf({ before, after }: PathDifference): string {
  if (before.label === after.label) return cellOf(after);
  return `${after.label} against ${before.label} under ${after.workload}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
