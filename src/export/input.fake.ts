import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { fixtureRun } from '../results/fixture.ts';
import type { RunResult } from '../results/schema.ts';
import { summarize } from '../stats/summarize.ts';
import type { Exporter, ExportInput } from './exporter.ts';

const FIXTURE = fixtureRun();

/** The fixture run, ready to be exported; or another one. */
export function exportInput(result: RunResult = FIXTURE): ExportInput {
  return { result, summary: summarize(result), comparison: null };
}

/** The only file of an exporter that has one. */
export function exportText(exporter: Exporter, input: ExportInput = exportInput()): string {
  const [text, ...others] = exporter.write(input);
  if (text === undefined || others.length > 0) throw new Error(`${exporter.id} has not one file`);
  return text;
}

/** One trial of one cell, under a label that a hostile stored file may have. */
export function relabelled(label: string): ExportInput {
  const { record, trials } = FIXTURE;
  const rename = <T extends { label: string }>(items: readonly T[]) =>
    items.slice(0, 1).map((item) => ({ ...item, label }));
  return exportInput({
    ...FIXTURE,
    record: {
      ...record,
      cells: rename(record.cells),
      settings: {
        ...record.settings,
        entries: rename(record.settings.entries),
        workloads: record.settings.workloads.slice(0, 1),
        baseline: label,
      },
    },
    trials: rename(trials),
  });
}

const CHARACTERS = [...'ab"\\\n\r\t,=; {}<>&\'#%/|é\u{1F600}'];

/** Labels of the characters that formats give a meaning to: some by hand, the others drawn. */
export const NASTY_LABELS: readonly string[] = [
  'a"b',
  'a\nb',
  'a,b',
  'a=b',
  'a b',
  'a\\',
  '\\n',
  'a\\,b',
  '"',
  ' a ',
  '=1+1',
  'a/b=c',
  ...drawn(40),
];

function drawn(count: number): string[] {
  const random = xoroshiro128plus(7);
  return Array.from({ length: count }, () =>
    Array.from(
      { length: uniformInt(random, 1, 8) },
      () => CHARACTERS[uniformInt(random, 0, CHARACTERS.length - 1)],
    ).join(''),
  );
}
