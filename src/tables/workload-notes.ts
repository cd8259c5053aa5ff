import { formatShare } from '../document/format.ts';
import { findModel } from '../models/registry.ts';
import type { MeasuredRow, RowSummary, RunSummary, WorkloadSummary } from '../summary/run-summary.ts';
import { counted } from '../util/units.ts';

/** An open loop that reaches less than this share of its rate is told of. */
const ACHIEVED_SHARE_MIN = 0.99;
/** Counters of the servers that tell of trouble when they are not zero. */
const TROUBLE_COUNTERS = ['cq_overflows', 'enobufs', 'signal_overflows', 'sq_full', 'conn_errors'] as const;

/** What must be known of single rows of a workload's table to read it. */
export function workloadNotes(summary: WorkloadSummary): readonly string[] {
  const measured = summary.rows.filter((row) => row.status === 'measured');
  return [
    ...rankingNotes(summary, measured),
    ...depthNotes(summary, measured),
    ...spinningNotes(measured),
    ...copiedNotes(measured),
    ...offeredNotes(measured),
    ...sampleNotes(measured),
    ...troubleNotes(measured),
    ...contaminationNotes(measured),
    ...failureNotes(summary.rows),
    ...grouped(summary.rows, (row) => (row.status === 'skipped' ? [`skipped: ${row.reason}`] : [])),
    ...grouped(summary.rows, (row) => (row.status === 'not-run' ? ['no trial before the run ended'] : [])),
  ];
}

/** What all tables of a run have in common: the signs, and how to read latencies. */
export function legend(summary: RunSummary): readonly string[] {
  const rows = summary.workloads.flatMap((workload) => workload.rows);
  const measured = rows.filter((row) => row.status === 'measured');
  const lines: string[] = [];
  if (measured.some((row) => row.rank === '='))
    lines.push('= no difference shown: the 95 % interval covers 1');
  if (measured.some((row) => row.rank === '?')) {
    lines.push(
      `? may be chance: the 95 % interval leaves 1 out, but covers it when widened for the ${counted(summary.comparisons, 'comparison')} of this run; more blocks would tell`,
    );
  }
  if (measured.some(({ trials }) => trials.used === 'all' && trials.clean < trials.measured))
    lines.push('! too few trials of this row are clean: its numbers are of all of them');
  if (measured.some((row) => row.timed && Object.values(percentilesOf(row)).some((p) => !p.enough))) {
    lines.push(
      '~ do not rely on this percentile: fewer than ten values or five blocks beyond it, or not known to a factor of two',
    );
  }
  const timed = measured.every((row) => row.timed);
  if (!timed)
    lines.push(
      'Path length is guest instructions per request, of server, client and kernel: what is executed, not how long it takes. No caches, no stalls, no time.',
    );
  if (
    timed &&
    summary.workloads.some(({ workload }) => workload.mode !== 'open' && workload.mode !== 'job')
  ) {
    lines.push(
      'In a closed loop the client waits for replies: response time is service time, and a slow server is asked less. Only open-loop workloads show latency at a given rate.',
    );
  }
  return lines;
}

function rankingNotes(summary: WorkloadSummary, measured: readonly MeasuredRow[]): readonly string[] {
  const notes: string[] = [];
  if (summary.workload.mode === 'open' && measured.some(({ timed }) => !timed))
    notes.push(
      'The rate is given, and the clock jumps to the next request that is due: no path length of the whole.',
    );
  else if (summary.workload.mode === 'open') {
    notes.push('The rate is given: rows are ranked by requests per server CPU time, not by throughput.');
  }
  const limited = measured.filter((row) => row.saturation.verdict === 'client');
  if (summary.workload.mode !== 'open' && limited.length > 0) {
    const rows = limited.some((row) => row.baseline) ? 'no row is' : 'not';
    notes.push(
      `The client was the limit of ${labels(limited)}: ${rows} ranked by throughput, but by requests per server CPU time.`,
    );
  }
  const tied = measured.filter((row) => row.comparison?.verdict === 'no-difference');
  if (tied.length > 0) notes.push(`No difference shown to ${summary.baseline}: ${labels(tied)}.`);
  return [
    ...notes,
    ...grouped(measured, (row) => (row.comparison?.reason ? [`no ranking: ${row.comparison.reason}`] : [])),
  ];
}

/** Rows whose calls allow fewer operations in flight than the workload asks for. */
function depthNotes({ workload }: WorkloadSummary, measured: readonly MeasuredRow[]): readonly string[] {
  if (workload.mode !== 'job') return [];
  return grouped(measured, ({ model }) => {
    const most = findModel(model)?.depthMax ?? null;
    return most !== null && most < workload.depth
      ? [`${counted(most, 'operation')} in flight, whatever the workload: its calls wait`]
      : [];
  });
}

/** What a rank does not show: speed that is bought with CPU time which nobody else gets. */
function spinningNotes(measured: readonly MeasuredRow[]): readonly string[] {
  return grouped(measured, ({ model, server, timed }) => {
    if (findModel(model)?.spins !== true) return [];
    const burnt = `here ${formatShare(server.utilisation.value)} of all that it could use`;
    return [
      timed
        ? `polls instead of waiting: it burns CPU also when nothing happens, ${burnt}`
        : "polls instead of waiting: the path length of that is not meaningful, for the CPUs of a guest run in turns, and its instructions take the place of the others'",
    ];
  });
}

/** Sends that were to be without a copy and were not, as all over loopback: of what they save nothing is seen. */
function copiedNotes(measured: readonly MeasuredRow[]): readonly string[] {
  return grouped(measured, ({ server: { counters } }) => {
    const { zc_copied: copied = 0, writes = 0 } = counters;
    if (copied === 0 || writes === 0) return [];
    const share = formatShare(Math.min(1, copied / writes));
    return [`zero-copy sends: the kernel copied ${share} of them all the same, as it does over loopback`];
  });
}

function offeredNotes(measured: readonly MeasuredRow[]): readonly string[] {
  return grouped(measured, ({ openLoop }) =>
    openLoop !== null && openLoop.achievedShare < ACHIEVED_SHARE_MIN
      ? [`reached ${Math.floor(openLoop.achievedShare * 100)} % of the offered ${openLoop.offeredPerS}/s`]
      : [],
  );
}

function sampleNotes(measured: readonly MeasuredRow[]): readonly string[] {
  return grouped(
    measured.filter(({ timed }) => timed),
    (row) =>
      Object.entries(percentilesOf(row)).flatMap(([name, { enough, samplesNeeded }]) =>
        enough || row.response.count >= samplesNeeded
          ? []
          : [`${name} needs ${samplesNeeded} samples and has fewer`],
      ),
  );
}

function troubleNotes(measured: readonly MeasuredRow[]): readonly string[] {
  return [
    ...measured.flatMap((row) => {
      const seen = TROUBLE_COUNTERS.flatMap((name) => {
        const value = row.server.counters[name] ?? 0;
        return value > 0 ? [`${name} ${value}`] : [];
      });
      if (row.errors > 0) seen.push(`requests or connections that broke ${row.errors}`);
      return seen.length > 0 ? [`${row.label}: ${seen.join(', ')}`] : [];
    }),
    ...grouped(measured, (row) => row.warnings),
  ];
}

/** Rows whose numbers rest on trials that were disturbed; of the others only clean ones count. */
function contaminationNotes(measured: readonly MeasuredRow[]): readonly string[] {
  const rows = measured.filter(({ trials }) => trials.used === 'all' && trials.clean < trials.measured);
  if (rows.length === 0) return [];
  const shares = rows.map((row) => `${row.label} ${row.trials.clean} of ${row.trials.measured}`);
  const example = rows.flatMap(({ marks }) => marks)[0];
  return [`Too few clean trials: ${shares.join(', ')}${example === undefined ? '' : `; e.g. ${example}`}.`];
}

function failureNotes(rows: readonly RowSummary[]): readonly string[] {
  return rows.flatMap((row) => {
    if (row.status === 'skipped' || row.trials.failed === 0) return [];
    const planned = row.trials.failed + (row.status === 'measured' ? row.trials.measured : 0);
    return [
      `${row.label}: ${row.trials.failed} of ${counted(planned, 'trial')} failed: ${row.failures.join('; ')}`,
    ];
  });
}

/** One line per text, with the rows it holds for in front. */
function grouped<R extends RowSummary>(
  rows: readonly R[],
  textsOf: (row: R) => readonly string[],
): readonly string[] {
  const byText = new Map<string, R[]>();
  for (const row of rows) {
    for (const line of textsOf(row)) byText.set(line, [...(byText.get(line) ?? []), row]);
  }
  return [...byText].map(([line, holding]) => {
    const all = holding.length > 1 && holding.length === rows.length;
    return `${all ? 'all rows' : labels(holding)}: ${line}`;
  });
}

function labels(rows: readonly RowSummary[]): string {
  return rows.map((row) => row.label).join(', ');
}

function percentilesOf({ response: { p50, p99, p999 } }: MeasuredRow) {
  return { p50, p99, 'p99.9': p999 };
}
