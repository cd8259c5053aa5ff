import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { claimCountsOf, claimsChart } from '../../charts/guide-charts.ts';
import type { Claim } from '../../claims/verify/claim.ts';
import { needsOf } from '../../claims/verify/needs.ts';
import { observationsOf } from '../../claims/verify/observe.ts';
import { planFor } from '../../claims/verify/plan.ts';
import { CLAIMS, SECTIONS } from '../../claims/verify/sections.ts';
import { CLAIM_KINDS, VERDICTS, type Verified } from '../../claims/verify/verdict-schema.ts';
import { verifyClaims } from '../../claims/verify/verify.ts';
import { select } from '../../config/selection.ts';
import { type CostsResult, costsResultSchema } from '../../costs/schema.ts';
import { saveCosts } from '../../costs/store.ts';
import { readEnvironment } from '../../observe/environment.ts';
import { readProbes } from '../../probes/store.ts';
import { toVerifyJson } from '../../reports/json.ts';
import { pageOf } from '../../reports/page.ts';
import { explainReport, verifyReport } from '../../reports/verify.ts';
import { cleaned } from '../../results/clean.ts';
import { openRun } from '../../results/open-run.ts';
import type { RunResult } from '../../results/schema.ts';
import { messageOf, TrialsFailedError, UsageError } from '../../util/errors.ts';
import { measureCostsHere } from '../measure-costs-here.ts';
import { listOption, resultsOption, waitOption } from '../options.ts';
import { markdownOption, type PrintOptions, write, writeDocument } from '../output.ts';
import { probeHere } from '../probe-here.ts';
import { probeInGuest } from '../probe-in-guest.ts';
import { type ReportOptions, reportOption, typedCommand, writePage } from '../report-file.ts';
import { measureRun } from '../run-deps.ts';
import { type Evidence, type Given, gather, type VerifyDeps } from './gather.ts';

interface VerifyOptions extends PrintOptions, ReportOptions {
  readonly section?: string;
  readonly kind?: string;
  readonly verdict?: string;
  readonly id?: string;
  readonly explain?: string;
  readonly from?: readonly string[];
  readonly costs?: string;
  readonly probes?: string;
  readonly kernel?: string;
  readonly qemu?: string;
  readonly wait?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench verify
  iomodels-bench verify --section sqpoll,aio --markdown
  iomodels-bench verify --explain epoll-fork-share
  iomodels-bench verify --kernel 6.1 --kind behaviour
  iomodels-bench verify --json | jq -r '.claims[] | select(.verdict.word == "refuted") | .id'

Measures what the chosen claims need, each thing once: probes of behaviour, single costs, some runs of servers
and a short sweep; all of it takes less than five minutes on two idle CPUs. --from, --costs and --probes take
what was measured before instead. --kernel asks another kernel, in a guest, for all that needs no time. All that is measured is
stored under --results. No privileges are needed; where they
would add an answer, the end says which. Ends with exit code 1 where something that should run here failed.`;

/** `verify`: the guide's claims with what this host says to each. */
export function registerVerify(command: Command, signal: AbortSignal): void {
  command
    .addOption(listOption('--section <list>', 'titles of sections of the guide, or parts of them'))
    .addOption(listOption('--kind <list>', `kinds of claims: ${CLAIM_KINDS.join(', ')}`))
    .addOption(listOption('--id <list>', 'ids of claims or globs, such as epoll-*'))
    .addOption(listOption('--verdict <list>', `print only those that came to: ${VERDICTS.join(', ')}`))
    .addOption(
      new Option(
        '--explain <id>',
        'one claim with what is true, its source, how it is decided, and all evidence',
      ).conflicts(['section', 'kind', 'id', 'verdict']),
    )
    .option('--from <run...>', 'measure no servers: take stored runs, by id, folder or run.json')
    .option(
      '--costs <file>',
      'measure no single costs: take a file under costs/ of --results, or of costs --json',
    )
    .option('--probes <file>', 'run no probes: take a file under probes/ of --results')
    .addOption(
      new Option(
        '--kernel <what>',
        'run the probes in a guest with this kernel, and time nothing: an image (vmlinuz), a folder that holds one, a release or its beginning (see kernels list), or host',
      ).conflicts(['probes', 'wait']),
    )
    .option(
      '--qemu <path>',
      'for --kernel: QEMU 10 or newer (default: of PATH, or what kernels get qemu fetched)',
    )
    .addOption(waitOption())
    .addOption(resultsOption())
    .addOption(reportOption().conflicts('json'))
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((options: VerifyOptions) => verify(options, signal));
}

async function verify(options: VerifyOptions, signal: AbortSignal): Promise<void> {
  if (options.qemu !== undefined && options.kernel === undefined)
    throw new UsageError('--qemu is for a guest: name its kernel by --kernel');
  const claims = chooseClaims(options);
  const wanted = oneOf(options.verdict, VERDICTS, 'verdict');
  const given = await readGiven(options);
  const evidence = await gather(planFor(needsOf(claims)), given, depsOf(options, signal));
  const verified = verifyClaims(claims, observationsOf(evidence.gathered)).filter(
    ({ verdict }) => wanted === null || wanted.includes(verdict.word),
  );
  await report(verified, evidence, options);
  if (evidence.failed.length > 0)
    throw new TrialsFailedError('not everything that should run here did; see the warnings above');
}

/** In the order of the guide. Throws `UsageError` with every problem. */
function chooseClaims({ id, kind, section, explain }: VerifyOptions): readonly Claim[] {
  const ids = CLAIMS.map((claim) => claim.id);
  const asked = explain ?? id;
  const named = asked === undefined ? null : select(asked, ids, 'claim');
  const kinds = oneOf(kind, CLAIM_KINDS, 'kind');
  const parts = section?.split(',').map((part) => part.trim().toLowerCase()) ?? [''];
  const unknown = parts.filter((part) => !SECTIONS.some(({ title }) => title.toLowerCase().includes(part)));
  const titles = SECTIONS.map(({ title }) => title).join(', ');
  const problems = [
    ...(named?.problems ?? []),
    ...(explain !== undefined && named?.names.length !== 1 && named?.problems.length === 0
      ? [`--explain ${explain}: one claim at a time`]
      : []),
    ...unknown.map((part) => `no section has ${part} in its title: ${titles}`),
  ];
  if (problems.length > 0) throw new UsageError(problems);
  const chosen = SECTIONS.filter(({ title }) => parts.some((part) => title.toLowerCase().includes(part)))
    .flatMap((found) => found.claims)
    .filter((claim) => named === null || named.names.includes(claim.id))
    .filter((claim) => kinds === null || kinds.includes(claim.kind));
  if (chosen.length === 0) throw new UsageError('no claim is all of that: --section, --kind and --id');
  return chosen;
}

/** Null: all of them. Throws `UsageError`. */
function oneOf<T extends string>(list: string | undefined, known: readonly T[], what: string): T[] | null {
  if (list === undefined) return null;
  const { names, problems } = select(list, known, what);
  if (problems.length > 0) throw new UsageError(problems);
  return known.filter((name) => names.includes(name));
}

/** What decides nothing in a guest. */
const UNTIMED =
  'in a guest nothing is timed: kernels run counts instructions there, and --from and --costs take what was measured before';

async function readGiven({ from, costs, probes, results, kernel }: VerifyOptions): Promise<Given> {
  const runs: RunResult[] = [];
  for (const name of from ?? []) {
    const run = await openRun(name, results);
    for (const problem of run.problems) process.stderr.write(`warning: ${problem}\n`);
    runs.push(run);
  }
  return {
    runs: from === undefined ? null : runs,
    costs: costs === undefined ? null : await readCosts(costs),
    probes: probes === undefined ? null : await readProbes(probes),
    untimed: kernel === undefined ? null : UNTIMED,
  };
}

async function readCosts(path: string): Promise<CostsResult> {
  const parsed = costsResultSchema.safeParse(await readJson(path));
  if (!parsed.success) throw new UsageError(`${path} is not what costs --json prints`);
  return cleaned(parsed.data);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function depsOf({ results, wait, kernel, qemu }: VerifyOptions, signal: AbortSignal): VerifyDeps {
  const world = { wait: wait === true, signal };
  return {
    signal,
    readEnvironment: () => readEnvironment(),
    measureCosts: async (only) => {
      const measured = await measureCostsHere({ only, settings: {}, ...world });
      await saveCosts(results, measured);
      return measured;
    },
    runProbes: (ids) =>
      kernel === undefined
        ? probeHere(results, ids, signal)
        : probeInGuest(ids, { kernel, qemu, results, signal }),
    measureRun: (config, kind) => measureRun(config, { kind, results, ...world }),
    tell: (line) => void process.stderr.write(`${line}\n`),
  };
}

async function report(
  verified: readonly Verified[],
  { environment, sources, failed, warnings }: Evidence,
  options: VerifyOptions,
): Promise<void> {
  if (options.json)
    return write(`${JSON.stringify(toVerifyJson(verified, { environment, sources, failed }), null, 1)}\n`);
  const told = {
    environment,
    lines: sources,
    warnings: [...warnings, ...failed.map((what) => `failed: ${what}`)],
  };
  const [only] = verified;
  const document =
    options.explain !== undefined && only !== undefined
      ? explainReport(only, told)
      : verifyReport(verified, told);
  if (options.report !== undefined) {
    const chart = claimsChart(claimCountsOf(verified));
    const charts = chart === null ? [] : [chart];
    await writePage(pageOf(document, { charts, commands: [typedCommand()] }), options.report);
  }
  await writeDocument(document, options);
}
