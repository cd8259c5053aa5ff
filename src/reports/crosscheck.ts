import type { Crosscheck, CrosscheckCellResult } from '../crosscheck/result-schema.ts';
import { documentOf, tablePart } from '../document/document.ts';
import type { Document } from '../document/document-schema.ts';
import { crosscheckTable, measuredBlocks } from '../tables/crosscheck-table.ts';
import { counted } from '../util/units.ts';

/** What `crosscheck` found. */
export function crosscheckReport(found: Crosscheck): Document {
  const { fioVersion, kernel, directory, fileSystem, blocks, durationMs, warnings } = found;
  const unfinished = whyUnfinished(found);
  return documentOf({
    title: `Crosscheck with ${fioVersion}`,
    facts: [
      `${found.crosscheckId}, begun ${found.measuredAt}, by ${found.tool.name} ${found.tool.version}`,
      `Linux ${kernel}; files in ${directory} (${fileSystem ?? 'a file system without a name'})`,
      `${counted(blocks, 'block')} of ${durationMs} ms, each with both sides of every row, one right behind the other`,
    ],
    parts: [tablePart(crosscheckTable(found))],
    warnings: unfinished === null ? [...warnings] : [unfinished, ...warnings],
    conclusion: conclusionOf(found.cells),
  });
}

/** Null: every block was measured that was asked for. */
function whyUnfinished({ status, blocks, cells }: Crosscheck): string | null {
  if (status === 'complete') return null;
  const why = status === 'running' ? 'not ended, or killed' : status;
  return `${why}: each comparison has ${measuredBlocks(cells)} of ${blocks}`;
}

/** Who takes less CPU, as far as the intervals tell. */
function conclusionOf(cells: readonly CrosscheckCellResult[]): string {
  if (cells.length === 0) return 'Nothing could be compared.';
  const less = cells.filter(({ cpu }) => cpu.interval !== null && cpu.interval.high < 1);
  const more = cells.filter(({ cpu }) => cpu.interval !== null && cpu.interval.low > 1);
  const named = more.map(({ model, workload, shape }) => `${model} under ${workload} (${shape})`);
  const others = cells.length - less.length - more.length;
  return [
    `Ours takes less CPU per operation than fio in ${less.length} of ${counted(cells.length, 'comparison')}`,
    ...(others > 0 ? [`no clear difference in ${others}`] : []),
    more.length > 0 ? `more in ${more.length}: ${named.join(', ')}.` : 'more in none.',
  ].join(', ');
}
