import type { Command } from 'commander';
import { parseCase } from '../config/case-config.ts';
import { matcherOf, select } from '../config/selection.ts';
import { MODELS } from '../models/registry.ts';
import { recommend } from '../recommend/recommend.ts';
import type { Recommendation } from '../recommend/recommendation-schema.ts';
import { withSchema } from '../reports/json.ts';
import { answerText, recommendReport } from '../reports/recommend.ts';
import { elsewhere } from '../results/alike.ts';
import { countsInstructions } from '../results/guest.ts';
import { type OpenedRun, openRuns } from '../results/open-run.ts';
import { recentRuns } from '../results/recent-runs.ts';
import type { RunKind } from '../results/schema.ts';
import { RECOMMEND_SCHEMA_VERSION } from '../results/schema-id.ts';
import { callCostOf } from '../tables/guide-summary.ts';
import { GateError, NotComparableError, UsageError } from '../util/errors.ts';
import { findBeside } from './beside-run.ts';
import { listOption, resultsOption } from './options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from './output.ts';

/** What tells of loads; equals and what was measured once more are other experiments. */
const KINDS: readonly RunKind[] = ['run', 'scale', 'ladder'];
/** So many runs are taken where none is named. */
const RUNS_MAX = 10;

interface RecommendOptions extends PrintOptions {
  readonly for?: string;
  readonly models?: string;
}

const EXAMPLES = `
Examples:
  iomodels-bench run && iomodels-bench scale && iomodels-bench recommend
  iomodels-bench recommend --for 'connections=5000,active=1%,message=64'
  iomodels-bench recommend --models 'epoll-*,io_uring*' --json | jq -r '.recommendation.choices[] | [.workload.id, .outcome, .among[0]] | @tsv'

A case is connections, and optionally active (a number, a share or all), depth, message, rate and arrivals, as with run. It is answered
from the cell with these numbers, or from the nearest cells that enclose it in every number; where nothing does, the nearest is told as
the guess that it is, with the command that would measure the case. Without [runs], the newest ${RUNS_MAX} of ${KINDS.join(', ')} of one host, kernel and
build; and the newest costs of them. Exit code 4: no answer that the runs can give.`;

/** `recommend [runs...]`: which model for which load here. */
export function registerRecommend(command: Command): void {
  command
    .argument(
      '[runs...]',
      'run ids, folders, run.json files, files of the json export or baseline:<name>, of one host',
    )
    .option('--for <case>', "one case, such as 'connections=5000,active=1%,message=64'")
    .addOption(
      listOption(
        '--models <list>',
        'which may be recommended: names or globs (default: all that were measured)',
      ),
    )
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], options: RecommendOptions) => {
      const asked = options.for === undefined ? undefined : parseCase(options.for);
      const wanted = wantedOf(options.models);
      const runs = await readRuns(names, options.results);
      const [newest] = runs;
      const beside = newest === undefined ? null : await findBeside(options.results, newest.record);
      const callCost = callCostOf(beside?.costs ?? null);
      const recommendation = recommend(runs, { asked, wanted, callCost });
      if (recommendation.choices.length === 0)
        throw new UsageError(
          'these runs hold no measured row of a model that may be recommended; measure with iomodels-bench run',
        );
      await print(recommendation, options);
      endByAnswer(recommendation);
    });
}

function wantedOf(list: string | undefined): (model: string) => boolean {
  if (list === undefined) return () => true;
  const { problems } = select(
    list,
    MODELS.map(({ id }) => id),
    'model',
  );
  if (problems.length > 0) throw new UsageError(problems.map((problem) => `--models: ${problem}`));
  return matcherOf(list);
}

async function readRuns(names: readonly string[], results: string): Promise<readonly OpenedRun[]> {
  const named = names.length > 0 ? names : (await recent(results)).toReversed();
  const runs = (await Promise.all(named.map((name) => openRuns(name, results)))).flat();
  const unique = [...new Map(runs.map((run) => [run.record.runId, run])).values()];
  const [first] = unique;
  for (const { record, problems } of unique) {
    for (const problem of problems) process.stderr.write(`warning: ${problem}\n`);
    if (countsInstructions(record.environment.guest))
      throw new UsageError(
        `${record.runId} was measured in a guest by a clock that tells no time: name runs of this host`,
      );
    const [other] = first === undefined ? [] : elsewhere(record, first.record);
    if (other !== undefined)
      throw new NotComparableError(
        `${record.runId} and ${first?.record.runId} say nothing together: ${other.what} ${other.values[0]}, and ${other.values[1]}`,
      );
  }
  // The newest names the loads.
  return unique.toReversed();
}

async function recent(results: string): Promise<readonly string[]> {
  const { folders, passedOver } = await recentRuns(results, { count: RUNS_MAX, kinds: KINDS });
  for (const reason of passedOver.slice(0, 3)) process.stderr.write(`passed over: ${reason}\n`);
  return folders;
}

function print(recommendation: Recommendation, options: RecommendOptions): Promise<void> {
  if (options.json) {
    const json = { schemaVersion: RECOMMEND_SCHEMA_VERSION, recommendation };
    return write(`${JSON.stringify(withSchema('recommendation', json), null, 1)}\n`);
  }
  return writeDocument(recommendReport(recommendation), options);
}

function endByAnswer({ answer, choices }: Recommendation): void {
  const isDecided = (outcome: string) => outcome === 'one' || outcome === 'several';
  if (answer === null) {
    if (choices.some(({ outcome }) => isDecided(outcome))) return;
    throw new GateError(
      'nothing is decided under any load: more blocks, or more models in one run',
      'inconclusive',
    );
  }
  if (!isDecided(answer.outcome)) throw new GateError(answerText(answer), 'inconclusive');
}
