import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { readTool } from './build/package.ts';
import { COMMANDS } from './commands/registry.ts';
import { askOfTerminal, COLOR_WHEN, WIDTH_RANGE } from './commands/terminal-options.ts';
import {
  codeOf,
  EnvironmentError,
  EXIT,
  ExitError,
  GateError,
  InterruptedError,
  isReaderGone,
  messageOf,
  NotComparableError,
  OutputError,
  TrialsFailedError,
  UsageError,
} from './util/errors.ts';

const EXIT_HELP = `
Exit codes: 0 ok, 1 a trial failed, 2 usage, 3 environment, 5 stdout cannot be written, 130 interrupted.
Those of compare are in its own --help.`;

/** One abort for the whole command: the first SIGINT, SIGTERM or, of a terminal that goes away, SIGHUP stops it in good order. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => {
      // A second one means that good order takes too long.
      if (controller.signal.aborted) process.exit(EXIT.interrupted);
      controller.abort(new InterruptedError(`interrupted by ${name}`));
    });
  return controller.signal;
}

/** @param words of the command line: only the commands that stand among them are loaded. */
async function buildProgram(words: readonly string[], signal: AbortSignal): Promise<Command> {
  const tool = readTool();
  const program = new Command(tool.name)
    .description('compare every way Linux does I/O, on this host, with numbers that can be checked')
    .version(tool.version)
    .addOption(
      new Option('--width <columns>', 'how wide to print (default: as the terminal, or COLUMNS)').argParser(
        parseWidth,
      ),
    )
    .addOption(
      new Option('--color <when>', 'whether to print in colour; auto: as NO_COLOR and FORCE_COLOR say')
        .choices(COLOR_WHEN)
        .default('auto'),
    )
    .hook('preAction', (_program, command) => askOfTerminal(command.optsWithGlobals()))
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', EXIT_HELP);
  for (const { name, description, load } of COMMANDS) {
    const command = program.command(name).description(description);
    if (words.includes(name)) await (await load())(command, signal);
  }
  // Subcommands were made before: each throws instead of ending the process.
  const { commands } = program;
  for (const command of [...commands, ...commands.flatMap((parent) => parent.commands)]) {
    command.exitOverride().showHelpAfterError('(see --help)');
    if (command.options.some((option) => option.long === '--results')) takeOldName(command);
  }
  return program;
}

function parseWidth(text: string): number {
  const { min, max } = WIDTH_RANGE;
  const width = Number(text);
  if (/^\d+$/.test(text) && width >= min && width <= max) return width;
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
}

/** `--out`, as `--results` was called before: --output is where exports go, and one letter apart from it. */
function takeOldName(command: Command): void {
  command.addOption(new Option('--out <folder>', 'as --results was called before').hideHelp());
  command.on('option:out', (folder: string) => {
    process.stderr.write('notice: --out <folder> is called --results now; --output is where exports go\n');
    command.setOptionValue('results', folder);
  });
}

/** The exit code of whatever ended the command, after saying it on stderr. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError) return say(error.message, EXIT.usage);
  if (error instanceof EnvironmentError) return say(error.message, EXIT.environment);
  if (error instanceof TrialsFailedError) return say(error.message, EXIT.trialFailed);
  // Told where it happened: of stdout's own error event.
  if (error instanceof OutputError) return EXIT.output;
  if (error instanceof NotComparableError) return say(error.message, EXIT.notComparable);
  // A verdict is what was asked for, and no error.
  if (error instanceof ExitError) return say(error.message, error.exitCode, '');
  if (error instanceof GateError) return say(error.message, EXIT[error.verdict], '');
  if (error instanceof InterruptedError) return say(error.message, EXIT.interrupted);
  process.stderr.write(`this is a bug in iomodels-bench, please report it:\n${stackOf(error)}\n`);
  return EXIT.environment;
}

function say(message: string, code: number, prefix = 'error: '): number {
  for (const line of message.split('\n')) process.stderr.write(`${prefix}${line}\n`);
  return code;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack ?? error.message}${error.cause ? `\ncaused by ${stackOf(error.cause)}` : ''}`;
}

/**
 * A reader that went away (`| head`, a closed terminal) is no error; unheard, it would end the process with a
 * stack. What else stdout refuses is lost to the reader, whoever wrote it: said once, and the exit code is that of
 * no verdict. Where stderr is refused, nobody is left to be told.
 */
function watchOutput(): void {
  let refused = false;
  let terminalGone = false;
  process.stderr.on('error', (error) => {
    terminalGone ||= isReaderGone(error) && process.stderr.isTTY;
  });
  process.stdout.on('error', (error) => {
    if (isReaderGone(error)) terminalGone ||= process.stdout.isTTY;
    else if (!refused) {
      refused = true;
      say(`cannot write to stdout: ${codeOf(error) ?? messageOf(error)}`, EXIT.output);
    }
  });
  process.on('exit', () => {
    if (refused) process.exitCode = EXIT.output;
    // Node aborts when it cannot give a terminal back its modes; this ends as a program without a handler does.
    if (terminalGone) process.removeAllListeners('SIGHUP').kill(process.pid, 'SIGHUP');
  });
}

/** `git bisect run` takes what is no verdict for one, unless it is told to stop. */
function forGit(code: number, words: readonly string[]): number {
  const asksForGit =
    words.includes('bisect') && words.some((word) => word === '--test' || word.startsWith('--test='));
  const isNoVerdict = code === EXIT.usage || code === EXIT.environment || code === EXIT.output;
  return asksForGit && isNoVerdict ? EXIT.gitStops : code;
}

async function main(): Promise<void> {
  watchOutput();
  const words = process.argv.slice(2);
  try {
    const program = await buildProgram(words, abortOnSignals());
    await program.parseAsync();
  } catch (error) {
    process.exitCode = forGit(exitCodeOf(error), words);
  }
}

await main();
