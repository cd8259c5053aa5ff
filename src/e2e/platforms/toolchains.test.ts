import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compilerFlags, jobsOf, LINK_FLAGS, readSources } from '../../build/compile.ts';
import { objectPaths, objectsOf } from '../../build/jobs.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { loadGenerator } from '../../load/ffi.ts';
import { MODELS, programsOf } from '../../models/registry.ts';
import { probeModel } from '../../server/probe.ts';
import { SERVER_EXIT } from '../../server/protocol.ts';
import { runCli } from '../cli/cli.ts';
import { pingPong } from '../conformance/checks.ts';
import { withClient } from '../conformance/client.ts';
import { compareCounts } from '../conformance/counted-calls.ts';
import { loadRows, withAnyCard } from '../conformance/rows.ts';
import { Server, type SupportedRow } from '../conformance/server.ts';
import { whyNoStrace } from '../conformance/strace.ts';
import { TOOLCHAINS, type Toolchain, warningFlags } from './toolchains.ts';

const CONNECTIONS = 4;
const REQUESTS = 25;
const PING_BYTES = 64;
/** The newest version of a symbol that the oldest supported C library has. */
const GLIBC_MIN = 28;
/** Older versions of these exist under the same name, and are taken where there is no newer one. */
const VERSIONED_ANEW = ['log'];

const hostRows = new Map((await loadRows()).map((row) => [row.model.id, row.status]));
const noStrace = whyNoStrace();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-platforms-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A toolchain has no packages beside its C library. */
const models = MODELS.filter(({ packages }) => packages.length === 0);
/** One row for each way through a program; what the guide's samples do wrong, they do everywhere. */
const paths = models.filter(
  (model) => model.domain === 'socket' && model.sameCodeAs === null && model.profile !== 'guide',
);
const everything = { sourceDir: HELPERS_DIR, ...programsOf(models) };

for (const toolchain of TOOLCHAINS) describe(toolchain.title, () => describeToolchain(toolchain));

function describeToolchain(toolchain: Toolchain): void {
  const { missing } = toolchain;
  if (missing !== null) {
    test('is not here', ({ skip }) => {
      process.stderr.write(`skipped: ${toolchain.title}: ${missing}\n`);
      skip(missing);
    });
    return;
  }
  const place = () => join(folder, toolchain.title.replaceAll(/\W+/g, '-'));

  beforeAll(() => compileAll(toolchain, place()));

  test('compiles every helper without a warning', async () => {
    const sources = await readSources(HELPERS_DIR);
    const packaged = programsOf(MODELS).packages.size;
    const expected = sources.filter(([path]) => /^(models|files)\/.*\.c$/.test(path)).length - packaged + 2;
    expect(jobsOf(everything, sources).length).toBe(expected);
  });

  test.concurrent.each(paths.map((model) => [model.id, model] as const))(
    '%s: serves, and counts its calls by their names',
    async (_id, model) => {
      const path = wrapped(toolchain, place(), model.program);
      const support = await probeModel(withAnyCard(model), path, null);
      const reason = toolchain.unsupported[model.program] ?? toolchain.unsupported[model.family];
      if (reason) {
        expect(support).toMatchObject({ supported: false, reason: expect.stringMatching(reason) });
        const { exitCode } = await execa(path, [...model.options, '--probe'], { reject: false });
        expect(exitCode).toBe(SERVER_EXIT.unsupported);
        return;
      }
      expect(support.supported, support.reason ?? '').toBe(hostRows.get(model.id) === 'supported');
      if (!support.supported) return;
      const row: SupportedRow = { status: 'supported', model, path };
      if (toolchain.traceable && noStrace === null)
        await compareCounts(row, join(place(), `${model.id}.trace`));
      else await serve(row);
    },
  );

  if (!toolchain.loadable) return;
  test('makes libraries that this Node loads', () => {
    const library = loadGenerator(join(place(), 'loadgen.so'));
    expect(library.progress()).toBeNull();
  });

  test(`needs no function newer than glibc 2.${GLIBC_MIN}`, async () => {
    const newer = [];
    for (const { name } of jobsOf(everything, await readSources(HELPERS_DIR)))
      newer.push(
        ...(await symbolsOf(join(place(), name))).filter(isTooNew).map((symbol) => ({ name, symbol })),
      );
    expect(newer).toEqual([]);
  });

  test('is a compiler that a run takes, as a CC with arguments', async () => {
    const cwd = join(place(), 'run');
    mkdirSync(cwd);
    const models = ['--models', 'epoll-lt,io_uring', '--workloads', 'ping-pong'];
    const short = ['--blocks', '1', '--duration', '30ms', '--warmup', '10ms'];
    const { exitCode, stdout, stderr } = await runCli(['run', ...models, ...short, '--json'], {
      cwd,
      env: { CC: toolchain.cc.join(' ') },
    });
    expect(exitCode, stderr).toBe(0);
    const { summary } = JSON.parse(stdout);
    expect(summary.workloads[0].rows).toHaveLength(2);
  });
}

async function compileAll(toolchain: Toolchain, into: string): Promise<void> {
  mkdirSync(into);
  const [program, ...args] = toolchain.cc;
  const flags = [...compilerFlags(), ...warningFlags()];
  expect(flags).toContain('-Werror');
  const compile = (name: string, rest: readonly string[]) =>
    execa(program, [...args, ...flags, '-o', join(into, name), ...rest]);
  const jobs = jobsOf(everything, await readSources(HELPERS_DIR));
  await Promise.all(objectsOf(jobs).map((object) => compile(object.name, object.args)));
  await Promise.all(
    jobs.map((job) => compile(job.name, [...objectPaths(job, into), ...job.args, ...LINK_FLAGS])),
  );
}

/** A program that can be started like one of this machine; exec keeps the pid. */
function wrapped(toolchain: Toolchain, place: string, program: string): string {
  const path = join(place, program);
  if (toolchain.under.length === 0) return path;
  // Once, for another row of the program may be starting it.
  if (!existsSync(`${path}.sh`)) {
    writeFileSync(`${path}.sh`, `#!/bin/sh\nexec ${toolchain.under.join(' ')} ${path} "$@"\n`);
    chmodSync(`${path}.sh`, 0o755);
  }
  return `${path}.sh`;
}

async function serve(row: SupportedRow): Promise<void> {
  const server = await Server.start(row);
  try {
    await withClient(server.port, (client) => pingPong(client, CONNECTIONS, REQUESTS));
    await server.settle();
    const { stats, end } = await server.stop();
    const bytes = CONNECTIONS * REQUESTS * PING_BYTES;
    expect(stats).toMatchObject({
      accepted: CONNECTIONS,
      closed: CONNECTIONS,
      bytes_in: bytes,
      bytes_out: bytes,
    });
    expect(end.exitCode).toBe(0);
  } finally {
    await server.kill();
  }
}

interface Symbol {
  readonly name: string;
  /** The 28 of GLIBC_2.28. */
  readonly minor: number;
}

/** What a program or library takes from the C library. */
async function symbolsOf(path: string): Promise<Symbol[]> {
  const { stdout } = await execa('objdump', ['-T', path]);
  const found = [...stdout.matchAll(/\(GLIBC_2\.(\d+)(?:\.\d+)?\)\s+(\S+)$/gm)];
  expect(found, path).not.toEqual([]);
  return found.map(([, minor, name]) => ({ name: name ?? '', minor: Number(minor) }));
}

function isTooNew({ name, minor }: Symbol): boolean {
  return minor > GLIBC_MIN && !VERSIONED_ANEW.includes(name);
}
