import { compareRuns } from '../compare/compare-runs.ts';
import { sidesBy } from '../compare/sides.ts';
import { serverTexts } from '../config/servers.ts';
import { variantTexts } from '../config/variants.ts';
import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document, Table } from '../document/document-schema.ts';
import { formatBytes, formatShare, formatWallTime } from '../document/format.ts';
import { countsInstructions } from '../results/guest.ts';
import type { Entry, Environment, RunRecord, RunResult } from '../results/schema.ts';
import type { RunSummary } from '../summary/run-summary.ts';
import { summarize } from '../summary/summarize.ts';
import { auditNotes } from '../tables/audit-notes.ts';
import { overallTable } from '../tables/compare-table.ts';
import { filesTables } from '../tables/files-tables.ts';
import { hardwareNotes } from '../tables/hardware-notes.ts';
import { KERNEL_LEGEND, kernelTable } from '../tables/kernel-table.ts';
import { serverNotes } from '../tables/server-notes.ts';
import { workersTable } from '../tables/workers-table.ts';
import { legend } from '../tables/workload-notes.ts';
import { workloadTable } from '../tables/workload-table.ts';
import { counted } from '../util/units.ts';
import { outcomeLine } from './compare.ts';
import { guestLine } from './guest-line.ts';

/**
 * A run: where it ran, a table per workload, what to know to read them, and how the time was spent.
 * @param options.kernel kernel-side work after each workload; without a word, where the run was audited.
 * @param options.summary of the result, where it was made already: that takes a while.
 */
export function runReport(
  result: RunResult,
  options: { readonly kernel?: boolean | undefined; readonly summary?: RunSummary } = {},
): Document {
  const { record } = result;
  const { summary = summarize(result), kernel = record.settings.audit } = options;
  const workers = workersTable(summary, record.settings);
  return {
    ...runHeader(result),
    parts: [
      ...summary.workloads.flatMap((workload) => [
        tablePart(workloadTable(workload)),
        ...(kernel ? [tablePart(kernelTable(workload))] : []),
      ]),
      ...(workers === null ? [] : [tablePart(workers)]),
      ...filesTables(summary).map(tablePart),
      notesPart([...legend(summary), ...(kernel ? [KERNEL_LEGEND] : [])]),
      notesPart([
        ...(countsInstructions(record.environment.guest)
          ? []
          : [...auditNotes(summary.audits), ...serverNotes(result), ...hardwareNotes(result)]),
        ...footerLines(record, summary),
      ]),
      ...pairTables(result).map(tablePart),
    ],
  };
}

/** Of a run with variants, or with two servers that are none of ours, each against the first, in pairs over all cells: its last tables. */
function pairTables(result: RunResult): Table[] {
  const { entries } = result.record.settings;
  const foreign = new Set(entries.flatMap(({ model, server }) => (server ? [model] : [])));
  const models = new Set(entries.map(({ model }) => model));
  const hasVariants = entries.some(({ variant }) => variant !== undefined) && models.size < entries.length;
  // More than two are hardly builds of one server: compare --by server is there for them.
  if (!hasVariants && foreign.size !== 2) return [];
  return sidesBy(result, 'server').map(({ name, base, current }) => {
    const comparison = compareRuns([base], [current]);
    return { ...overallTable(comparison), title: `${name}, in pairs: ${outcomeLine(comparison)}` };
  });
}

/** What every report on a run begins with, and its warnings. */
export function runHeader({ record, problems }: Pick<RunResult, 'record' | 'problems'>): Document {
  return documentOf({
    title: `Run ${record.runId}`,
    status: statusOf(record),
    facts: headerLines(record),
    warnings: [...record.warnings, ...problems],
  });
}

/** Planned ones, and those in which contaminated trials were measured again. */
function blocksText({ timing, settings }: RunRecord): string {
  if (timing === null) return counted(settings.blocks, 'block');
  const { blocks, repeatBlocks } = timing;
  const again = repeatBlocks === 0 ? '' : ` and ${repeatBlocks} of what was contaminated,`;
  return `${counted(blocks - repeatBlocks, 'block')}${again}`;
}

/** The kernel and the machine. */
export function hostLine(env: Environment): string {
  const cpus = `${env.cpus} × ${env.cpuModel ?? env.arch}`;
  const where = [env.hypervisor, env.container].filter((name) => name !== null);
  return `Linux ${env.kernel} · ${cpus} · ${formatBytes(env.memoryBytes)}${where.length > 0 ? ` · in ${where.join(', ')}` : ''}`;
}

/** The host, the pinning, and the settings of a run. */
function headerLines(record: RunRecord): readonly string[] {
  const { environment: env, settings } = record;
  return [
    hostLine(env),
    ...(env.guest === null ? [] : [guestLine(env.guest)]),
    [
      `server ${pinning(settings.serverCpus)}`,
      `client ${pinning(settings.clientCpus)}`,
      // What makes a CPU faster or slower says nothing of instructions.
      ...(countsInstructions(env.guest)
        ? []
        : [
            `governor ${env.governor ?? 'unknown'}`,
            `SMT ${env.smt ?? 'unknown'}`,
            `clock ${env.clocksource ?? 'unknown'}`,
          ]),
    ].join(' · '),
    `${blocksText(record)} of ${settings.durationMs} ms trials after ${settings.warmupMs} ms warm-up · seed ${settings.seed} · reference ${[settings.baseline, settings.fileBaseline].filter((name) => name !== null).join(', of files ')}`,
    ...(record.files === null ? [] : [filesLine(record.files)]),
    ...variantLines(settings.entries),
    ...serverTexts(settings.entries).map((text) => `server ${text}`),
  ];
}

/** Where the files were, and what proves them. */
function filesLine({
  directory,
  fileSystem,
  bytes,
  blocksVerified,
}: NonNullable<RunRecord['files']>): string {
  const proof =
    blocksVerified === null
      ? 'not verified at the end'
      : `${counted(blocksVerified, 'block')} verified at the end`;
  return `files in ${directory} (${fileSystem ?? 'unknown file system'}) · ${formatBytes(bytes)} · ${proof}`;
}

/** What the names behind `@` mean. */
function variantLines(entries: readonly Entry[]): string[] {
  const texts = variantTexts(entries);
  return texts.length === 0 ? [] : [`variants · ${texts.join(' · ')}`];
}

function pinning(cpus: readonly number[] | null): string {
  return cpus === null ? 'not pinned' : `on CPU ${cpus.join(',')}`;
}

/** Said where a run did not come to its end. */
function statusOf({ status }: RunRecord): string {
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

/** Warm-up is load as well, but only what follows it is measured: both are told. */
function loadTime({ wallMs, loadShare, measuredShare }: NonNullable<RunRecord['timing']>): string {
  const load = `${formatShare(loadShare)} of the ${formatWallTime(wallMs)} wall time was load`;
  if (measuredShare === null) return `${load}, warm-up included`;
  return `${load}: ${formatShare(loadShare - measuredShare)} warm-up, ${formatShare(measuredShare)} measured`;
}

/** How many trials there were, and how the time was spent. */
export function footerLines(record: RunRecord, summary: Pick<RunSummary, 'trials'>): readonly string[] {
  const { measured, failed, clean, counted: byCpu } = summary.trials;
  const lines = [
    [
      `${counted(measured, 'trial')} measured, ${clean} of them clean${clean < measured ? ': the others are stored, and left out where enough are clean' : ''}`,
      ...(failed > 0 ? [`${failed} failed`] : []),
    ].join('; '),
  ];
  if (byCpu > 0)
    lines.push(
      `Instructions, IPC and cache misses are of ${counted(byCpu, 'trial')} more, with the CPU's counters; times and rates are not: counting makes every switch of a server dearer.`,
    );
  if (record.timing !== null && !countsInstructions(record.environment.guest)) {
    lines.push(loadTime(record.timing));
  }
  return lines;
}
