import type { Command } from 'commander';
import type { Exporter, ExportInput } from '../export/exporter.ts';
import { EXPORTERS } from '../export/index.ts';
import { summarize } from '../summary/summarize.ts';
import { UsageError } from '../util/errors.ts';
import { readAskedRun, runArgument, TOLD_KINDS } from './asked-run.ts';
import { locateExports, parseFormats, writeExports } from './export-files.ts';
import { listOption, resultsOption } from './options.ts';
import { write } from './output.ts';

interface ExportOptions {
  readonly results: string;
  readonly format: string;
  readonly output?: string;
}

const EXAMPLES = `
Formats:
${EXPORTERS.map(({ id, title, files }) => `  ${id.padEnd(12)}${title} (${files.join(', ')})`).join('\n')}

Examples:
  iomodels-bench export --format csv > trials.csv
  iomodels-bench export --format prometheus --output /var/lib/prometheus/node-exporter/iomodels-bench.prom
  iomodels-bench export 20260102-030405-1a2b --format github,junit --output exports`;

/** `export [run]`: a stored run in the formats that dashboards and CI read. */
export function registerExport(command: Command): void {
  command
    .addArgument(runArgument(TOLD_KINDS))
    .addOption(listOption('--format <list>', 'formats, separated by commas; see below').makeOptionMandatory())
    .option('--output <path>', 'a file, or - for stdout; of several files the folder (default: stdout)')
    .addOption(resultsOption())
    .addHelpText('after', EXAMPLES)
    .action(exportRun);
}

async function exportRun(name: string | undefined, options: ExportOptions): Promise<void> {
  const exporters = parseFormats(options.format);
  requireOutput(exporters, options.output);
  const result = await readAskedRun(name, options.results, { kinds: TOLD_KINDS, silent: true });
  const input: ExportInput = { result, summary: summarize(result), comparison: null };
  if (options.output === undefined) return write(exporters.flatMap((item) => item.write(input)).join(''));
  const targets = await locateExports(exporters, options.output);
  await writeExports(input, targets);
  for (const path of targets.flatMap(({ paths }) => paths)) process.stderr.write(`exported to ${path}\n`);
}

/** Several files on one stdout could not be told apart. */
function requireOutput(exporters: readonly Exporter[], output: string | undefined): void {
  const files = exporters.flatMap((exporter) => exporter.files);
  if (output === undefined && files.length > 1)
    throw new UsageError(
      `these are ${files.length} files (${files.join(', ')}): name a folder with --output`,
    );
}
