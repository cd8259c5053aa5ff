import type { BisectReport } from '../boots/bisect-schema.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { formatPercent } from '../document/format.ts';
import { bisectTable } from '../tables/bisect-table.ts';
import { counted } from '../util/units.ts';
import { kindLine } from './guest-line.ts';

/** The answer, and what it rests on. @param why what explains the step, line by line. */
export function bisectReport(report: BisectReport, why: readonly string[] = []): Document {
  const { guest } = report;
  return documentOf({
    title: bisectLine(report),
    facts: [
      `${report.label} under ${report.workload}, guests with ${counted(guest.smp, 'CPU')}; bad: longer by more than ${formatPercent(report.detect)}`,
      kindLine(guest),
    ],
    parts: [tablePart(bisectTable(report)), notesPart(why)],
  });
}

/** The answer in a sentence. */
export function bisectLine({ result, judged }: BisectReport): string {
  if (result === null) {
    const last = judged.at(-1);
    return last === undefined ? 'nothing was judged' : `${last.judgement}: Linux ${last.kernel.release}`;
  }
  const { lastGood, firstBad, unknown } = result;
  const first = `first bad: Linux ${firstBad.release}; last good: Linux ${lastGood.release}`;
  if (unknown.length === 0) return first;
  return `${first}; between them, not decided: ${unknown.map(({ release }) => release).join(', ')}`;
}
