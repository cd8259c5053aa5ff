import type { Command } from 'commander';
import { readPlace } from '../host/host-id.ts';
import { guideReport } from '../reports/guide.ts';
import { toTablesJson } from '../reports/json.ts';
import { countsInstructions } from '../results/guest.ts';
import type { RunKind, RunResult } from '../results/schema.ts';
import { summarizeGuide } from '../tables/guide-summary.ts';
import { UsageError } from '../util/errors.ts';
import { readAskedRun, runArgument } from './asked-run.ts';
import { findBeside } from './beside-run.ts';
import { resultsOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';
import { probeHere } from './probe-here.ts';

/** A ladder has rows and loads of its own, of which the guide says nothing. */
const KINDS: readonly RunKind[] = ['run', 'scale'];

const EXAMPLES = `
Examples:
  iomodels-bench run --audit --profile full && iomodels-bench tables
  iomodels-bench costs && iomodels-bench tables --probe
  iomodels-bench tables 20260102-030405-1a2b --markdown > guide.md

A cell is measured, "not measured (why)" with the command that would measure it, or "not on this kernel
(why)". Facts from documentation are marked as such. A run with --audit, ping-pong, many-connections and
c10k fills the most; one of scale tells what idle connections cost. Beside the run, the newest costs and
observations of its host and kernel under --results are used.`;

interface TablesOptions extends PrintOptions {
  readonly probe?: boolean;
}

/** `tables [run]`: the tables of the guide "Linux I/O Models", with what this host says beside them. */
export function registerTables(command: Command, signal: AbortSignal): void {
  command
    .addArgument(runArgument(KINDS))
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option(
      '--probe',
      'first run the behaviour probes on this host, and keep what they observe under --results',
    )
    .option('--json', 'print only JSON: the record and the tables')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, options: TablesOptions) => {
      const result = await readAskedRun(name, options.results, { kinds: KINDS });
      requireTimes(result);
      if (options.probe) await probeFor(result, options.results, signal);
      const beside = await findBeside(options.results, result.record);
      if (options.json)
        return write(`${JSON.stringify(toTablesJson(result, summarizeGuide(result, beside)), null, 1)}\n`);
      await writeDocument(guideReport(result, beside), { ...options, stored: `\nfrom ${result.source}` });
    });
}

/** The guide is about times, and instructions are none. */
function requireTimes({ record: { runId, environment } }: RunResult): void {
  if (countsInstructions(environment.guest))
    throw new UsageError(
      `${runId} was measured in a guest by the clock ${environment.guest?.clock}, which tells no time: name a run of this host; kernels compare prints boots`,
    );
}

/** What this kernel does says nothing of a run of another one. */
async function probeFor({ record }: RunResult, outDir: string, signal: AbortSignal): Promise<void> {
  const { host, kernel } = readPlace();
  const { environment, runId } = record;
  if (environment.kernel !== kernel || environment.host !== host)
    throw new UsageError(
      `--probe asks this host, Linux ${kernel}; ${runId} was measured under ${environment.kernel}${environment.host === host ? '' : ' of another host'}`,
    );
  await probeHere(outDir, 'all', signal);
}
