import { Command, CommanderError } from 'commander';
import { readTool } from './build/package.ts';
import { registerBaseline } from './commands/baseline.ts';
import { registerCompare } from './commands/compare.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerExport } from './commands/export.ts';
import { registerList } from './commands/list.ts';
import { registerNoise } from './commands/noise.ts';
import { registerRun } from './commands/run.ts';
import { registerScale } from './commands/scale.ts';
import { registerServe } from './commands/serve.ts';
import { registerShow } from './commands/show.ts';
import { registerTables } from './commands/tables.ts';
import {
  codeOf,
  EnvironmentError,
  EXIT,
  GateError,
  InterruptedError,
  NotComparableError,
  TrialsFailedError,
  UsageError,
} from './util/errors.ts';

const EXIT_HELP = `
Exit codes: 0 ok, 1 a trial failed, 2 usage, 3 environment, 130 interrupted.
Those of compare are in its own --help.`;

/** One abort for the whole command: the first SIGINT or SIGTERM stops it in good order. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      // A second one means that good order takes too long.
      if (controller.signal.aborted) process.exit(EXIT.interrupted);
      controller.abort(new InterruptedError(`interrupted by ${name}`));
    });
  return controller.signal;
}

function buildProgram(signal: AbortSignal): Command {
  const tool = readTool();
  const program = new Command(tool.name)
    .description('compare every way Linux does I/O, on this host, with numbers that can be checked')
    .version(tool.version)
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', EXIT_HELP);
  registerRun(program, signal);
  registerScale(program, signal);
  registerShow(program);
  registerTables(program);
  registerBaseline(program);
  registerExport(program);
  registerCompare(program, signal);
  registerNoise(program, signal);
  registerList(program);
  registerDoctor(program, signal);
  registerServe(program, signal);
  // Subcommands were made before: each throws instead of ending the process.
  const { commands } = program;
  for (const command of [...commands, ...commands.flatMap((parent) => parent.commands)])
    command.exitOverride().showHelpAfterError('(see --help)');
  return program;
}

/** The exit code of whatever ended the command, after saying it on stderr. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError) return say(error.message, EXIT.usage);
  if (error instanceof EnvironmentError) return say(error.message, EXIT.environment);
  if (error instanceof TrialsFailedError) return say(error.message, EXIT.trialFailed);
  if (error instanceof NotComparableError) return say(error.message, EXIT.notComparable);
  if (error instanceof GateError) return say(error.message, EXIT[error.verdict]);
  if (error instanceof InterruptedError) return say(error.message, EXIT.interrupted);
  process.stderr.write(`this is a bug in iomodels-bench, please report it:\n${stackOf(error)}\n`);
  return EXIT.environment;
}

function say(message: string, code: number): number {
  for (const line of message.split('\n')) process.stderr.write(`error: ${line}\n`);
  return code;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack ?? error.message}${error.cause ? `\ncaused by ${stackOf(error.cause)}` : ''}`;
}

/** A reader that went away (`| head`) is no error; unheard, its EPIPE would end the process with a stack. */
function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error) => {
      if (codeOf(error) !== 'EPIPE') throw error;
    });
}

async function main(): Promise<void> {
  tolerateClosedPipes();
  try {
    await buildProgram(abortOnSignals()).parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

await main();
