import type { Command } from 'commander';
import { compileHelpers } from '../build/compile.ts';
import { HELPERS_DIR } from '../build/package.ts';
import { readCpuList } from '../config/cpus.ts';
import { unknown } from '../config/selection.ts';
import { findModel, programsOf, SOCKET_MODELS } from '../models/registry.ts';
import { readTopology } from '../observe/topology.ts';
import { LaunchError, launchServer } from '../server/launch.ts';
import { SERVER_EXIT } from '../server/protocol.ts';
import { EnvironmentError, UsageError } from '../util/errors.ts';
import { counted } from '../util/units.ts';
import { listOption } from './options.ts';

interface ServeOptions {
  readonly port: string;
  readonly cpu?: string;
  readonly connsMax?: string;
}

/** `serve <model>`: one server by hand, for another client; ends with Ctrl-C. */
export function registerServe(command: Command, signal: AbortSignal): void {
  command
    .argument('<model>', 'a model of `list models`')
    .option('--port <port>', 'port on 127.0.0.1; 0 takes a free one', '0')
    .addOption(listOption('--cpu <list>', 'CPUs to pin the server to, such as 1 or 0,2-3'))
    .option('--conns-max <n>', 'refuse more connections than this')
    .addHelpText('after', '\nExample:\n  iomodels-bench serve epoll-et --port 7000 --cpu 1')
    .action((model: string, options: ServeOptions) => serve(model, options, signal));
}

async function serve(id: string, options: ServeOptions, signal: AbortSignal): Promise<void> {
  const model = findModel(id);
  if (!model)
    throw new UsageError(
      unknown(
        id,
        SOCKET_MODELS.map((known) => known.id),
        'model',
      ),
    );
  requireCpus(options.cpu);
  const built = await compileHelpers({ sourceDir: HELPERS_DIR, ...programsOf([model]), signal });
  const path = built.servers.get(model.program);
  if (path === undefined)
    throw new EnvironmentError(built.failures.get(model.program) ?? `${model.program} was not compiled`);
  const args = [...model.options, `--port=${options.port}`];
  if (options.cpu !== undefined) args.push(`--cpu=${options.cpu}`);
  if (options.connsMax !== undefined) args.push(`--conns-max=${options.connsMax}`);

  const server = await launchServer(path, args, signal).catch((cause: unknown) => {
    throw explain(cause);
  });
  process.stdout.write(
    `${model.id} echoes on 127.0.0.1:${server.port} (pid ${server.pid}, up to ${counted(server.connsMax, 'connection')}); Ctrl-C ends it\n`,
  );
  const stopped = new Promise<'stopped'>((resolve) => {
    signal.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  const how = await Promise.race([stopped, server.ended]);
  const stats = await server.stop();
  if (stats) process.stdout.write(`${JSON.stringify(stats)}\n`);
  if (how !== 'stopped')
    throw new EnvironmentError(
      `the server ended by itself (${how.signal ?? `exit ${how.exitCode}`}): ${server.stderr().trim() || 'it said nothing'}`,
    );
}

/** The same CPUs, said the same way, as for --server-cpus of run: before anything is compiled. */
function requireCpus(list: string | undefined): void {
  const { problems } = list === undefined ? { problems: [] } : readCpuList(list, '--cpu', readTopology());
  if (problems.length > 0) throw new UsageError(problems);
}

/** A server that refuses its arguments is the user's to mend; one that cannot run here is the machine's. */
function explain(cause: unknown): unknown {
  if (!(cause instanceof LaunchError)) return cause;
  return cause.end?.exitCode === SERVER_EXIT.usage
    ? new UsageError(cause.message, { cause })
    : new EnvironmentError(cause.message, { cause });
}
