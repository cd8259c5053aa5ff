import { type Command, Option } from 'commander';
import { resolveCompareOptions } from '../../compare/compare-config.ts';
import type { CompareOptions } from '../../compare/compare-runs.ts';
import { kernelMatrices } from '../../compare/kernel-matrix.ts';
import type { Exporter } from '../../export/exporter.ts';
import { EXPORTERS } from '../../export/index.ts';
import { type OpenedRun, openRun } from '../../results/open-run.ts';
import { openSeries } from '../../results/series.ts';
import { NotComparableError, UsageError } from '../../util/errors.ts';
import { endByVerdict } from '../end-by-verdict.ts';
import { exportComparison } from '../export-comparison.ts';
import { locateRequests, parseExportRequest } from '../export-files.ts';
import { listOption, resultsOption } from '../options.ts';
import { markdownOption, type PrintOptions } from '../output.ts';
import { locatePage, type ReportOptions, reportOption } from '../report-file.ts';
import { reportKernels } from './report.ts';

interface Options extends PrintOptions, ReportOptions {
  readonly detect?: string;
  readonly metrics?: string;
  readonly allowMissing?: string;
  readonly inconclusive?: 'pass' | 'fail';
  readonly smp?: string;
  readonly export: readonly string[];
  readonly dryRun?: boolean;
}

const VERDICT_EXPORTERS: readonly Exporter[] = EXPORTERS.filter(({ verdicts }) => verdicts === true);

const EXAMPLES = `
The first kernel of a series is what the others are compared with. Boots are judged as runs: 0.5 % is to be found with one
connection and 2 % with more, unless --detect says otherwise.

Examples:
  iomodels-bench kernels compare                      the newest series
  iomodels-bench kernels compare 20260102-030405-1a2b --smp 1 --export junit=report.xml
  iomodels-bench kernels compare <run> <run> <run>    single boots

Exit codes: as of compare.`;

/** `kernels compare`: models and kernels, relative to the first kernel. */
export function registerKernelsCompare(command: Command): void {
  command
    .argument('[series...]', 'a series of kernels run, or its runs one by one (default: the newest series)')
    .addOption(new Option('--smp <n>', 'only guests with so many CPUs').choices(['1', '2']))
    .addOption(listOption('--detect <list>', 'the change that is to be found, also per metric'))
    .addOption(listOption('--metrics <list>', 'metrics or globs that are judged'))
    .addOption(listOption('--allow-missing <list>', 'cells that a kernel may lack, as of compare'))
    .addOption(
      new Option('--inconclusive <verdict>', 'exit 0 (pass) or 1 (fail) instead of 4').choices([
        'pass',
        'fail',
      ]),
    )
    .option(
      '--export <format[=path]>',
      `export the verdicts of two kernels: ${VERDICT_EXPORTERS.map(({ id }) => id).join(', ')}; may be repeated`,
      (value: string, all: readonly string[]) => [...all, value],
      [],
    )
    .option('--dry-run', 'check the options and compare nothing: before kernels run')
    .addOption(resultsOption())
    .addOption(reportOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((names: readonly string[], options: Options) => compare(names, options));
}

async function compare(names: readonly string[], options: Options): Promise<void> {
  const compareOptions = resolveCompareOptions(options);
  const exports = options.export.flatMap((text) => parseExportRequest(text, VERDICT_EXPORTERS));
  await locateRequests(exports.filter(({ path }) => path !== null));
  if (options.report !== undefined) await locatePage(options.report);
  if (options.dryRun) return;
  const { runs, problems } = await read(names, options.results);
  const asked = runs.filter(
    ({ record: { environment } }) =>
      options.smp === undefined || environment.guest?.smp === Number(options.smp),
  );
  if (asked.length === 0)
    throw new UsageError(['none of these runs is a complete one of such a guest', ...problems]);
  requireAlike(asked, compareOptions);
  const matrices = await reportKernels(asked, options, { compareOptions, problems });
  const compared = matrices.flatMap(({ kernels }) =>
    kernels.flatMap(({ comparison, runs: ids }) => (comparison === null ? [] : [{ comparison, ids }])),
  );
  const [only, more] = compared;
  if (only === undefined) throw new UsageError('one kernel alone: nothing to compare it with');
  if (exports.length > 0) {
    if (more !== undefined)
      throw new UsageError(
        '--export takes the verdicts of two kernels in one kind of guest: name their runs, or --smp',
      );
    await exportComparison(
      only.comparison,
      asked.filter(({ record }) => only.ids.includes(record.runId)),
      exports,
    );
  }
  endByVerdict(
    compared.map(({ comparison }) => comparison),
    options.inconclusive,
  );
}

/** What a kernel says of the CPUs that QEMU shows it: with one QEMU and one -cpu another answer is the kernel's own. */
const TOLD_BY_KERNEL = ['governor', 'SMT', 'hypervisor', 'turbo'];

/** Throws `NotComparableError` where boots of several series were measured otherwise, or by other servers. */
function requireAlike(runs: readonly OpenedRun[], options: CompareOptions): void {
  const differing = kernelMatrices(runs, options)
    .flatMap(({ kernels }) => kernels.flatMap(({ comparison }) => comparison?.environment ?? []))
    .filter(({ what, effect }) => effect === 'refused' && !TOLD_BY_KERNEL.includes(what));
  if (differing.length > 0)
    throw new NotComparableError(
      [
        'these boots cannot be compared:',
        ...new Set(differing.map(({ what, base, current }) => `  ${what}: ${base} and ${current}`)),
      ].join('\n'),
    );
}

/** A series, or runs. */
async function read(names: readonly string[], results: string) {
  const [first, second] = names;
  if (second === undefined) {
    const series = await openSeries(first, results).catch((error: unknown) => {
      if (first === undefined || !(error instanceof UsageError)) throw error;
      return null;
    });
    if (series !== null) return series;
  }
  return { runs: await Promise.all(names.map((name) => openRun(name, results))), problems: [] };
}
