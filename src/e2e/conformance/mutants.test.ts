import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HELPERS_DIR } from '../../build/package.ts';
import { findModel } from '../../models/registry.ts';
import { ECHO_CHECKS, type EchoCheck, HOLDS_A_SLOW_READER_BACK, LEAKS_NO_DESCRIPTOR } from './echo-checks.ts';
import { loadRows } from './rows.ts';
import { Server, type SupportedRow } from './server.ts';

/** A fault put into a server, and the one check that must catch it: else that check would be worth nothing. */
interface Mutant {
  readonly fault: string;
  /** Below `c-helpers`. */
  readonly file: string;
  /** Stands there once; the mutant has `to` instead. */
  readonly from: string;
  readonly to: string;
  readonly caughtBy: string;
  readonly as: RegExp;
}

const MUTANTS: readonly Mutant[] = [
  {
    fault: 'a descriptor is lost with one connection of fifty',
    file: 'server/net.c',
    from: '\tnet_closed(slot, broken);\n',
    to:
      '\tnet_closed(slot, broken);\n' +
      '\tstatic int closed;\n\tif (++closed % 50 == 0)\n\t\t(void)fcntl(spare_fd, F_DUPFD_CLOEXEC, 0);\n',
    caughtBy: LEAKS_NO_DESCRIPTOR,
    as: /descriptors of the start/,
  },
  {
    fault: 'memory is lost whenever a socket takes less than it is given',
    file: 'server/echo.h',
    from: '\t\techo->owed_from = 0;\n\t\techo->owed_end',
    to: '\t\tmemset(net_slab(1, 1 << 20), 1, 1 << 20);\n\t\techo->owed_from = 0;\n\t\techo->owed_end',
    caughtBy: HOLDS_A_SLOW_READER_BACK,
    as: /growth of VmRSS/,
  },
];

/** Readiness with a loop of its own, so that what stands in the shared files is what it does. */
const ROW = 'epoll-lt';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iomodels-bench-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.concurrent.each(MUTANTS)('where $fault', (mutant) => {
  let row: SupportedRow;
  beforeAll(async () => {
    row = await build(mutant);
  });

  test.each(ECHO_CHECKS.filter(({ title }) => title !== mutant.caughtBy))('passes: $title', (check) =>
    pass(row, check),
  );
  test.each(ECHO_CHECKS.filter(({ title }) => title === mutant.caughtBy))('is caught: $title', (check) =>
    expect(pass(row, check)).rejects.toThrow(mutant.as),
  );
});

async function build({ file, from, to }: Mutant): Promise<SupportedRow> {
  const sourceDir = await mkdtemp(join(folder, 'c-helpers-'));
  await cp(HELPERS_DIR, sourceDir, { recursive: true });
  const source = await readFile(join(sourceDir, file), 'utf8');
  expect(source.split(from).length, `the places of ${JSON.stringify(from)} in ${file}`).toBe(2);
  await writeFile(join(sourceDir, file), source.replace(from, to));
  const model = findModel(ROW);
  if (model === undefined) throw new Error(`no row ${ROW}`);
  const [row] = await loadRows({ models: [model], changed: { sourceDir, cacheDir: join(folder, 'cache') } });
  if (row?.status !== 'supported') throw new Error(row?.reason ?? 'no row');
  return row;
}

/** The check on a server of its own. */
async function pass(row: SupportedRow, { check }: EchoCheck): Promise<void> {
  const server = await Server.start(row);
  try {
    await check(server, row);
    await server.settle();
    expect(server.stderr).toBe('');
  } finally {
    await server.kill();
  }
}
