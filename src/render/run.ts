import pc from 'picocolors';
import type { RunRecord, RunResult } from '../results/schema.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { summarize } from '../summary/summarize.ts';
import { auditNotes } from '../tables/audit-notes.ts';
import { KERNEL_LEGEND, kernelTable } from '../tables/kernel-table.ts';
import { legend } from '../tables/workload-notes.ts';
import { workloadTable } from '../tables/workload-table.ts';
import { formatBytes, formatShare, formatWallTime } from './format.ts';
import { type RenderOptions, renderTable } from './table.ts';
import { renderWarnings } from './warnings.ts';
import { wrap } from './wrap.ts';

export interface RunRenderOptions extends RenderOptions {
  /** Kernel-side work after each workload; without a word, where the run was audited. */
  readonly kernel?: boolean;
}

/**
 * A run as text: where it ran, a table per workload, what to know to read them, and how the time was
 * spent. Ends without a line break.
 */
export function renderRun(result: RunResult, options: RunRenderOptions): string {
  const summary = summarize(result);
  const { record } = result;
  const kernel = options.kernel ?? record.settings.audit;
  const parts = [
    renderHeader(record, options),
    ...summary.workloads.flatMap((workload) => [
      renderTable(workloadTable(workload), options),
      ...(kernel ? [renderTable(kernelTable(workload), options)] : []),
    ]),
    [...legend(summary), ...(kernel ? [KERNEL_LEGEND] : [])]
      .flatMap((line) => wrap(line, options.width))
      .join('\n'),
    [...auditNotes(summary.audits), ...footerLines(record, summary)]
      .flatMap((line) => wrap(line, options.width))
      .join('\n'),
    renderWarnings([...record.warnings, ...result.problems], options),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** What was measured, where and how. */
export function renderHeader(record: RunRecord, options: RenderOptions): string {
  const bold = pc.createColors(options.color).bold;
  return [
    bold(`Run ${record.runId}`) + statusOf(record),
    ...headerLines(record).flatMap((line) => wrap(line, options.width)),
  ].join('\n');
}

/** The host, the pinning, and the settings of a run. */
export function headerLines(record: RunRecord): readonly string[] {
  const { environment: env, settings } = record;
  const cpus = `${env.cpus} × ${env.cpuModel ?? env.arch}`;
  const where = [env.hypervisor, env.container].filter((name) => name !== null);
  return [
    `Linux ${env.kernel} · ${cpus} · ${formatBytes(env.memoryBytes)}${where.length > 0 ? ` · in ${where.join(', ')}` : ''}`,
    [
      `server ${pinning(settings.serverCpus)}`,
      `client ${pinning(settings.clientCpus)}`,
      `governor ${env.governor ?? 'unknown'}`,
      `SMT ${env.smt ?? 'unknown'}`,
      `clock ${env.clocksource ?? 'unknown'}`,
    ].join(' · '),
    `${record.timing?.blocks ?? settings.blocks} blocks of ${settings.durationMs} ms trials after ${settings.warmupMs} ms warm-up · seed ${settings.seed} · baseline ${settings.baseline}`,
  ];
}

function pinning(cpus: readonly number[] | null): string {
  return cpus === null ? 'not pinned' : `on CPU ${cpus.join(',')}`;
}

/** Said where a run did not come to its end. */
export function statusOf({ status }: RunRecord): string {
  switch (status) {
    case 'complete':
      return '';
    case 'running':
      return ' (still running, or killed: what was saved)';
    case 'interrupted':
      return ' (interrupted: what was measured until then)';
    case 'broken':
      return ' (broken off: what was measured until then)';
  }
}

/** `footerLines`, within a width. */
export function renderFooter(
  record: RunRecord,
  summary: Pick<RunSummary, 'trials'>,
  options: RenderOptions,
): string {
  return footerLines(record, summary)
    .flatMap((line) => wrap(line, options.width))
    .join('\n');
}

/** How many trials there were, and how the time was spent. */
export function footerLines(record: RunRecord, summary: Pick<RunSummary, 'trials'>): readonly string[] {
  const { measured, failed, contaminated } = summary.trials;
  const lines = [
    [
      `${measured} trials measured, ${contaminated} of them contaminated`,
      ...(failed > 0 ? [`${failed} failed`] : []),
    ].join('; '),
  ];
  if (record.timing !== null) {
    lines.push(
      `${formatShare(record.timing.loadShare)} of the ${formatWallTime(record.timing.wallMs)} wall time was warm-up and measurement`,
    );
  }
  return lines;
}
