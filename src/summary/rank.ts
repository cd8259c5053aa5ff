import type { MeasuredRow, Rank, RankedBy, RowSummary } from './run-summary.ts';

const GROUPS: readonly RankedBy[] = ['throughput', 'cpu', 'path'];
const LAST: Readonly<Record<RowSummary['status'], number>> = {
  measured: 0,
  failed: 1,
  'not-run': 2,
  skipped: 3,
};

/**
 * The rows of a workload, best first, with their ranks.
 *
 * Better than the baseline, by ratio; the baseline and its ties; worse, by ratio; what cannot be
 * compared. Rows ranked by throughput come first, those ranked by CPU after them with ranks of their
 * own, for the two do not compare; nor do path lengths, which all rows of a guest are ranked by. Failed and skipped rows close the list.
 */
export function rankRows(rows: readonly RowSummary[]): readonly RowSummary[] {
  const measured = rows.filter((row) => row.status === 'measured');
  const others = rows
    .filter((row) => row.status !== 'measured')
    .sort((a, b) => LAST[a.status] - LAST[b.status]);
  const baselineGroup =
    GROUPS.find((group) => measured.some((row) => row.comparison?.rankedBy === group)) ?? 'cpu';
  const groups = GROUPS.map((rankedBy) =>
    rankGroup(
      measured.filter((row) => (row.comparison?.rankedBy ?? baselineGroup) === rankedBy),
      rankedBy,
    ),
  );
  return [...groups.flat(), ...others];
}

function rankGroup(rows: readonly MeasuredRow[], rankedBy: RankedBy): readonly MeasuredRow[] {
  const sorted = [...rows].sort(
    (a, b) => tierOf(a) - tierOf(b) || ratioOf(b) - ratioOf(a) || meritOf(b, rankedBy) - meritOf(a, rankedBy),
  );
  // The baseline holds a place in each group, also in the one it is not listed in.
  const elsewhere = rows.length > 0 && !rows.some((row) => row.baseline) ? 1 : 0;
  return sorted.map((row, index) => ({
    ...row,
    rank: rankOf(row, index + (row.comparison?.verdict === 'worse' ? elsewhere : 0)),
  }));
}

function rankOf(row: MeasuredRow, place: number): Rank {
  switch (row.comparison?.verdict) {
    case undefined:
    case 'better':
    case 'worse':
      return place + 1;
    case 'no-difference':
      return '=';
    case 'unclear':
      return '?';
    case 'unknown':
      return null;
  }
}

function tierOf(row: MeasuredRow): number {
  switch (row.comparison?.verdict) {
    case 'better':
      return 0;
    case undefined:
      return 1;
    case 'no-difference':
    case 'unclear':
      return 2;
    case 'worse':
      return 3;
    case 'unknown':
      return 4;
  }
}

function ratioOf(row: MeasuredRow): number {
  return row.comparison?.ratio ?? 0;
}

function meritOf(row: MeasuredRow, rankedBy: RankedBy): number {
  switch (rankedBy) {
    case 'throughput':
      return row.throughputPerS.value;
    case 'cpu':
      return row.server.requestsPerCpuS ?? 0;
    case 'path':
      return -(row.metrics.guestInstructionsPerRequest?.value ?? 0);
  }
}
