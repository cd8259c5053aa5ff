import type { Command } from 'commander';
import { cellMatcher } from '../config/allow-missing.ts';
import { documentOf, tablePart } from '../document/document.ts';
import { readPlace } from '../host/host-id.ts';
import { withSchema } from '../reports/json.ts';
import { runReport } from '../reports/run.ts';
import { findBaselineRuns, isOfHost, isOfKernel, listBaselines } from '../results/baseline-index.ts';
import { saveBaseline } from '../results/baselines.ts';
import { newestAlike } from '../results/newest-alike.ts';
import type { RunKind } from '../results/schema.ts';
import { BASELINE_SCHEMA_VERSION } from '../results/schema-id.ts';
import { readRun } from '../results/store.ts';
import { baselinesTable } from '../tables/baselines-table.ts';
import { UsageError } from '../util/errors.ts';
import { counted } from '../util/units.ts';
import { askedRun, runArgument } from './asked-run.ts';
import { listOption, resultsOption } from './options.ts';
import { markdownOption, write, writeDocument } from './output.ts';

/** What `save` takes where no run is named: a baseline of a sweep or of equals has to be meant. */
const KINDS: readonly RunKind[] = ['run'];

interface SaveOptions {
  readonly results: string;
  readonly force?: boolean;
  readonly allowMissing?: string;
  readonly last?: string;
  readonly json?: boolean;
}

interface ListOptions {
  readonly results: string;
  readonly markdown?: boolean;
  readonly json?: boolean;
}

interface ShowOptions extends ListOptions {
  readonly path?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench baseline save before-upgrade
  iomodels-bench baseline save before-upgrade --last 3
  iomodels-bench baseline show previous-kernel --path
  iomodels-bench compare baseline:previous-kernel 20260102-030405-1a2b

Wherever a command takes a run, baseline:<name> stands for a baseline. One of several runs is all of them as a side
of compare and for baseline save and show; other commands take baseline:<name>/<run id>:
  <name>            the last one saved under that name; of this host, if it has one
  <name>@<kernel>   the same, of the kernel with this release
  previous-kernel   the last one saved of this host that was measured on another kernel
  this-kernel       the last one saved of this host and kernel

Kept under <results>/baselines/<host>/<kernel>/<name>/. Hosts are told apart by a hash of their
machine-id, or by their name; IOMODELS_BENCH_HOST=<name> tells it to those that are set up anew
each time, such as containers. Set it for run as well.`;

/** `baseline save|list|show`: runs that are kept to compare with, by host and kernel. */
export function registerBaseline(command: Command): void {
  command.addHelpText('after', EXAMPLES);
  command
    .command('save')
    .description('keep a copy of a run')
    .argument('<name>', 'what to call it; once for each host and kernel')
    .argument('[runs...]', `as ${runArgument(KINDS).description}; several are kept as one`)
    .option('--last <n>', 'the newest so many complete runs of this host and kernel that were measured alike')
    .addOption(resultsOption())
    .option('--force', 'replace one of the same name, and keep a run that is not complete')
    .addOption(
      listOption(
        '--allow-missing <list>',
        'models, or model/workload, or globs of them that the replaced one has and the run may lack',
      ),
    )
    .option('--json', 'print only JSON on stdout')
    .action(save);
  command
    .command('list')
    .description('list the baselines of all hosts, the last one saved first')
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .action(list);
  command
    .command('show')
    .description('print where a baseline is from, and its tables')
    .argument(
      '<name>',
      'a name, <name>@<kernel>, previous-kernel or this-kernel; of several runs with /<run id> one',
    )
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout: where it is from, without its numbers')
    .option('--path', 'print only the folder')
    .addHelpText('after', '\nExit code 3: this host has no baseline of the previous (or this) kernel yet.')
    .action(show);
}

async function save(name: string, runs: readonly string[], options: SaveOptions): Promise<void> {
  const { baseline, replaced, warnings } = await saveBaseline({
    name,
    runs: await askedRuns(runs, options),
    outDir: options.results,
    force: options.force === true,
    ...(options.allowMissing === undefined ? {} : { mayBeMissing: cellMatcher(options.allowMissing) }),
    now: new Date().toISOString(),
  });
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  if (options.json)
    return write(
      `${JSON.stringify(withSchema('baseline', { schemaVersion: BASELINE_SCHEMA_VERSION, baseline, replaced }), null, 1)}\n`,
    );
  const several =
    baseline.runs === 1
      ? `run ${baseline.runId} is`
      : `${counted(baseline.runs, 'run')}, first ${baseline.runId}, are`;
  const instead = replaced === null ? '' : `, in place of run ${replaced.runId}`;
  await write(
    `${several} baseline ${name} of host ${baseline.host}, kernel ${baseline.kernel}${instead}\nstored in ${baseline.folder}\n`,
  );
}

/** Those that are named, the newest so many, or the newest. */
async function askedRuns(
  names: readonly string[],
  { last, results }: SaveOptions,
): Promise<readonly string[]> {
  if (last === undefined)
    return names.length > 0 ? names : [await askedRun(undefined, results, { kinds: KINDS })];
  if (names.length > 0) throw new UsageError('--last takes the newest runs: name none');
  const count = Number(last);
  if (!/^\d+$/.test(last) || count < 1)
    throw new UsageError(`--last ${last}: must be a whole number from 1 on`);
  const { folders, passedOver } = await newestAlike(results, { count, kinds: KINDS, here: readPlace() });
  if (folders.length < count)
    throw new UsageError([
      `--last ${last}: there ${folders.length === 1 ? 'is' : 'are'} ${counted(folders.length, 'complete run')} of this host and kernel under ${results} that ${folders.length === 1 ? 'was' : 'were'} measured alike`,
      ...passedOver.map((why) => `  ${why}`),
    ]);
  return folders;
}

async function list(options: ListOptions): Promise<void> {
  const { baselines, problems } = await listBaselines(options.results);
  for (const problem of problems) process.stderr.write(`warning: ${problem}\n`);
  const here = readPlace();
  if (options.json)
    return write(
      `${JSON.stringify(withSchema('baselines', { schemaVersion: BASELINE_SCHEMA_VERSION, here, baselines }), null, 1)}\n`,
    );
  if (baselines.length === 0)
    return write('no baselines yet; save one with iomodels-bench baseline save <name>\n');
  const rows = baselines.map((baseline) => ({
    ...baseline,
    thisHost: isOfHost(baseline, here),
    thisKernel: isOfKernel(baseline, here),
  }));
  await writeDocument(documentOf({ parts: [tablePart(baselinesTable(rows))] }), options);
}

async function show(name: string, options: ShowOptions): Promise<void> {
  const index = await listBaselines(options.results);
  for (const problem of index.problems) process.stderr.write(`warning: ${problem}\n`);
  const { baseline, folders } = findBaselineRuns(name, index, readPlace());
  const [folder] = folders;
  if (options.path) return write(`${folders.length === 1 ? folder : baseline.folder}\n`);
  if (options.json)
    return write(
      `${JSON.stringify(withSchema('baseline', { schemaVersion: BASELINE_SCHEMA_VERSION, baseline }), null, 1)}\n`,
    );
  for (const [i, run] of folders.entries()) {
    const report = runReport(await readRun(run, options.results));
    const which = folders.length === 1 ? '' : `; run ${i + 1} of ${folders.length}`;
    const from = `Baseline ${baseline.name} of host ${baseline.host}, saved ${baseline.savedAt}${which}`;
    if (i > 0) await write('\n');
    if (options.markdown) await writeDocument({ ...report, facts: [from, ...report.facts] }, options);
    else {
      await write(`${from}\n\n`);
      await writeDocument(report, { stored: `stored in ${run}` });
    }
  }
}
