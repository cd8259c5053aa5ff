import type { Command } from 'commander';
import { type Artifacts, cacheDir, compileHelpers } from '../build/compile.ts';
import { findCompiler } from '../build/compiler.ts';
import { HELPERS_DIR } from '../build/package.ts';
import { diagnose } from '../doctor/diagnose.ts';
import { type FactSources, type Facts, gatherFacts } from '../doctor/facts.ts';
import type { Finding } from '../doctor/finding.ts';
import { fileWorkloads, jobsToTry, openJobFiles } from '../drive/job-files.ts';
import { linuxHost } from '../host/host.ts';
import { cheapestCall, congestionOf, fileLocker, hardwareErrnos } from '../load/ffi.ts';
import { MODELS, programsOf, SOCKET_MODELS } from '../models/registry.ts';
import { serverSizes } from '../plan/plan-run.ts';
import { renderMarkdown } from '../render/markdown.ts';
import type { RenderOptions } from '../render/table.ts';
import { renderDocument } from '../render/terminal.ts';
import { doctorReport } from '../reports/doctor.ts';
import { withSchema } from '../reports/json.ts';
import type { DoctorJson } from '../reports/json-schemas.ts';
import type { Support } from '../results/schema.ts';
import { DOCTOR_SCHEMA_VERSION } from '../results/schema-id.ts';
import { fileSupportOf, supportOf } from '../server/probe.ts';
import { EnvironmentError } from '../util/errors.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { resultsOption } from './options.ts';
import { markdownOption, terminal, write } from './output.ts';

/** The world as `doctor` sees it. */
export interface DoctorDeps extends Omit<FactSources, 'resultsDir'> {
  write(text: string): Promise<void>;
  readonly terminal: RenderOptions;
}

interface DoctorOptions {
  readonly results: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

const EXAMPLES = `
Example:
  iomodels-bench doctor --json | jq '.findings[] | select(.status == "problem")'

Nothing is changed on the host; commands that would are printed. Ends with exit code 3 only if nothing
can be measured here.`;

/** `doctor`: what of this host moves the numbers, or keeps a model from running. */
export function registerDoctor(
  command: Command,
  signal: AbortSignal,
  makeDeps: (signal: AbortSignal) => DoctorDeps = realDeps,
): void {
  command
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((options: DoctorOptions) => doctor(options, makeDeps(signal)));
}

async function doctor(options: DoctorOptions, deps: DoctorDeps): Promise<void> {
  const facts = await gatherFacts({ ...deps, resultsDir: options.results });
  const findings = diagnose(facts);
  if (options.json) await deps.write(`${JSON.stringify(toJson(facts, findings), null, 1)}\n`);
  else if (options.markdown) await deps.write(`${renderMarkdown(doctorReport(findings))}\n`);
  else await deps.write(`${renderDocument(doctorReport(findings), deps.terminal)}\n`);
  if (facts.compiler.status === 'missing') throw new EnvironmentError(facts.compiler.reason);
  if (facts.helpers.status === 'failed') throw new EnvironmentError(facts.helpers.reason);
}

function toJson(facts: Facts, findings: readonly Finding[]): DoctorJson {
  return withSchema('doctor', {
    schemaVersion: DOCTOR_SCHEMA_VERSION,
    findings,
    environment: facts.environment,
  });
}

function realDeps(signal: AbortSignal): DoctorDeps {
  return {
    host: linuxHost(),
    findCompiler,
    prepareHelpers: () => prepareHelpers(signal),
    workloads: loadWorkloads(),
    cacheDir: cacheDir(),
    write,
    terminal: terminal(),
  };
}

/** Of the rows of files, each asked for the plain jobs; none where no folder can hold a file. */
async function fileSupport(built: Artifacts): Promise<Support[]> {
  const workloads = fileWorkloads(loadWorkloads()).filter(({ profile }) => profile !== 'full');
  const files = await openJobFiles({
    ...{ directory: null, elsewhere: [process.cwd()], workloads },
    tryLock: fileLocker(built.loadgen).tryLock,
  });
  try {
    const rows = MODELS.filter(({ domain }) => domain === 'file');
    const answers = rows.map((model) => fileSupportOf(model, built, jobsToTry(model, workloads, files)));
    return (await Promise.all(answers)).map(({ support }) => support);
  } finally {
    await files.remove();
  }
}

async function prepareHelpers(signal: AbortSignal) {
  const built = await compileHelpers({ sourceDir: HELPERS_DIR, ...programsOf(MODELS), signal });
  const support = await Promise.all(
    SOCKET_MODELS.map((model) => supportOf(model, built, serverSizes(loadWorkloads()))),
  );
  support.push(...(await fileSupport(built)));
  signal.throwIfAborted();
  return {
    support,
    ffiCall: cheapestCall(built.loadgen),
    congestion: congestionOf(built.loadgen),
    hardwareErrnos: hardwareErrnos(built.loadgen),
  };
}
