import { formatShare } from '../document/format.ts';
import type { RunSettings } from '../results/schema.ts';
import { BLOCKS_MIN } from '../stats/bootstrap.ts';
import { cautiousHalfWidth, isLook } from '../stats/stopping.ts';
import { counted } from '../util/units.ts';
import type { HalfWidth } from './summarize.ts';

/** Ratios that are not surely known as well as asked, the widest first; those without an interval before all others. */
function tooWide(widths: readonly HalfWidth[], precision: number): readonly HalfWidth[] {
  return widths.filter((one) => size(one) > precision).sort((a, b) => size(b) - size(a));
}

function size({ halfWidth, blocks }: HalfWidth): number {
  return halfWidth === null ? Number.POSITIVE_INFINITY : cautiousHalfWidth(halfWidth, blocks);
}

/**
 * Whether a run goes on after so many blocks to know every ratio to within `precision`: it does between two looks
 * (`isLook`), and where a look finds one wider. Without an interval after so many blocks, a row or its reference keeps
 * failing: more do not help it.
 * @param widthsOf all ratios; only asked for at a look.
 */
export function wantsMore(
  {
    precision,
    planned,
    blocks,
  }: { readonly precision: number; readonly planned: number; readonly blocks: number },
  widthsOf: () => readonly HalfWidth[],
): boolean {
  if (!isLook(blocks, planned)) return true;
  return tooWide(widthsOf(), precision).some(
    ({ halfWidth }) => halfWidth !== null || blocks < 2 * BLOCKS_MIN,
  );
}

/**
 * What a run that came to its end did not reach of what was asked for: planned blocks, and the precision of its ratios.
 * @param widths of all ratios, after `blocks` blocks.
 */
export function shortfalls(
  { blocks: planned, precision, maxTimeS }: Pick<RunSettings, 'blocks' | 'precision' | 'maxTimeS'>,
  { blocks, widths }: { readonly blocks: number; readonly widths: readonly HalfWidth[] },
): string[] {
  const after = `after ${counted(blocks, 'block')}`;
  const cut =
    blocks < planned ? [`--max-time ${maxTimeS} s ended the run ${after} of ${planned} planned`] : [];
  if (precision === null) return cut;
  const asked = `--precision ${percent(precision)}`;
  if (widths.length === 0) return [...cut, `${asked}: no ratio was measured that it could be about`];
  const wide = tooWide(widths, precision);
  const [widest] = wide;
  if (widest === undefined) return cut;
  return [
    ...cut,
    `${asked} was not reached ${after}: ${wide.length} of ${counted(widths.length, 'ratio')} ${wide.length === 1 ? 'is' : 'are'} wider, or may be; that of ${widest.label} under ${widest.workload} is ${known(widest, precision)}`,
  ];
}

function known({ halfWidth, blocks }: HalfWidth, precision: number): string {
  if (halfWidth === null) return 'not known';
  const so = `known to ${percent(halfWidth)}`;
  return halfWidth > precision ? so : `${so}, and in ${counted(blocks, 'block')} that may be luck`;
}

/** With a decimal where it would be rounded to nothing. */
function percent(share: number): string {
  return share >= 0.0995 ? formatShare(share) : `${Number((share * 100).toPrecision(2))} %`;
}
