import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document, Part } from '../document/document-schema.ts';
import { formatCount, formatSigned } from '../document/format.ts';
import { explainChange } from '../explain/explain-change.ts';
import type { PathDifference, PathLength } from '../explain/explain-schema.ts';
import { disagreement } from '../explain/path-length.ts';
import {
  functionChangeTable,
  pathFunctionTable,
  pathSubsystemTable,
  subsystemChangeTable,
} from '../tables/explain-table.ts';
import { counted } from '../util/units.ts';

/** Lines that sum a change up. */
export const CHANGE_LINES = 5;

export interface ExplainView {
  /** Functions in a table. */
  readonly top: number;
  /** What must be said of the runs themselves. */
  readonly warnings: readonly string[];
}

const LEGEND = [
  'Both ends of a request: server, load generator and all that the kernel does for them, counted block by block as QEMU executes them. Instructions are not time: no caches, no branches, no waiting.',
  'A function counts what it executes itself, not what it calls. rep movs and rep stos, as in memset and memcpy, count once per repetition.',
  "Calls: how often a function's begin was entered.",
];

const CHANGE_LEGEND = [
  'What happened: of two kernels, what is gone is put together with what is new under a like name (was ...), or with its caller where that one changed by as much the other way (with ...: likely inlined, or taken out). Calls through pointers have no caller.',
];

/** Where the instructions of a request go, cell by cell. */
export function pathReport(paths: readonly PathLength[], { top, warnings }: ExplainView): Document {
  return documentOf({
    title: 'Where the instructions of a request go',
    facts: paths.map(pathLine),
    parts: [
      ...paths.flatMap((path) => [
        tablePart(pathSubsystemTable(path)),
        tablePart(pathFunctionTable(path, top)),
      ]),
      notesPart(LEGEND),
    ],
    warnings: [...warnings, ...disagreements(paths)],
  });
}

/** What makes the path of a request longer or shorter, cell by cell; first in a few lines. */
export function differenceReport(
  differences: readonly PathDifference[],
  { top, warnings }: ExplainView,
): Document {
  const kernels = differences.some(({ before, after }) => before.kernel !== after.kernel);
  return documentOf({
    title: 'What makes the path of a request another one',
    facts: differences.flatMap(({ before, after }) => [pathLine(before), pathLine(after)]),
    parts: [
      ...differences.flatMap((difference): Part[] => [
        notesPart([
          changeLine(difference),
          ...explainChange(difference.before, difference.after, CHANGE_LINES),
        ]),
        tablePart(subsystemChangeTable(difference)),
        tablePart(functionChangeTable(difference, top)),
      ]),
      notesPart([...LEGEND, ...(kernels ? CHANGE_LEGEND : [])]),
    ],
    warnings: [...warnings, ...disagreements(differences.flatMap(({ before, after }) => [before, after]))],
  });
}

/** `epoll-lt under ping-pong: 32,744 -> 36,052 instructions per request, +3,308 (+10.1 %)`. */
export function changeLine({ before, after }: PathDifference): string {
  const ratio = after.instructions / before.instructions - 1;
  const label = before.label === after.label ? after.label : `${before.label} → ${after.label}`;
  return `${label} under ${after.workload}: ${formatCount(before.instructions)} → ${formatCount(after.instructions)} instructions per request, ${formatSigned(after.instructions - before.instructions)} (${ratio >= 0 ? '+' : ''}${(100 * ratio).toFixed(1)} %)`;
}

function pathLine({ label, workload, kernel, trials, requests, instructions, clocked }: PathLength): string {
  const off = 100 * (instructions / clocked - 1);
  return `${label} under ${workload}, Linux ${kernel}: ${formatCount(instructions)} instructions per request in ${counted(trials, 'trial')} of ${formatCount(requests)} requests (${off >= 0 ? '+' : ''}${off.toFixed(3)} % of the instruction clock)`;
}

function disagreements(paths: readonly PathLength[]): string[] {
  return paths.map(disagreement).filter((text) => text !== null);
}
