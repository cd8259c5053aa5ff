import { expect, test } from 'vitest';
import { SOCKET_MODELS } from '../../models/registry.ts';
import { SERVER_EXIT } from '../../server/protocol.ts';
import { testCheck } from './check.ts';
import { withClient } from './client.ts';
import { describeInLanes } from './lanes.ts';
import { loadRows } from './rows.ts';
import { Server, type SupportedRow, startInVain } from './server.ts';

const NOFILE_MAX = 64;
/** SERVER_FDS_RESERVED of c-helpers/server/model.h. */
const FDS_RESERVED = 32;
/** More connections than FD_SETSIZE (1,024 in glibc and the kernel's ABI) has room for. */
const OVER_FD_SETSIZE = 2_000;
const OVER_EVERYTHING = 1_000_000_000;

/** As `open_all` of c-helpers/models/io_uring_multishot_open.h says it. */
const LACKS_LIMIT = expect.stringContaining('no limit of receives (6.17)');

/** Runs a server with a lower RLIMIT_NOFILE, as the same process. */
const UNDER_NOFILE = ['sh', '-c', `ulimit -n ${NOFILE_MAX}; exec "$0" "$@"`];

describeInLanes(await loadRows(), (row) => {
  testCheck(row, 'conns-max-host', {
    title: 'refuses to start with more connections than the host allows, and names the limit',
    check: () => checkOverEverything(row),
  });
  testCheck(row, 'conns-max-files', {
    title: 'refuses to start with more connections than RLIMIT_NOFILE allows',
    check: () => checkOverFiles(row),
  });
  testCheck(row, 'files-limit', {
    title: 'without --conns-max serves as many as RLIMIT_NOFILE allows, and refuses the next by its name',
    check: () => checkFilesLimit(row),
  });
  // Nothing is skipped for the others: no other model waits in a set of so many bits.
  if (row.model.family === 'select')
    testCheck(row, 'conns-max-host', {
      title: 'refuses to start with more than FD_SETSIZE holds',
      check: () => checkSetSize(row),
    });
});

const endless = SOCKET_MODELS.filter(
  ({ options }) =>
    options.some((option) => option === '--inc' || option === '--bundle') && !options.includes('--sqpoll'),
);

test('where the kernel cannot limit a receive, none runs that would bring more than a connection may owe', async () => {
  const limited = await loadRows({ models: endless });
  const unlimited = await loadRows({
    models: endless.map((model) => ({ ...model, options: [...model.options, '--no-limit'] })),
  });
  expect(unlimited.map(({ status }) => status)).toEqual(endless.map(() => 'unsupported'));
  for (const [i, row] of unlimited.entries())
    if (limited[i]?.status === 'supported') expect(row).toMatchObject({ reason: LACKS_LIMIT });
});

async function checkOverEverything(row: SupportedRow): Promise<void> {
  const error = await startInVain(row, { connsMax: OVER_EVERYTHING });
  expect(error.end).toEqual({ exitCode: SERVER_EXIT.usage, signal: null });
  expect(error.message).toMatch(
    new RegExp(
      `--conns-max=${OVER_EVERYTHING} is over the limit of \\d+ connections that \\S.* \\(\\d+\\) sets`,
    ),
  );
}

async function checkOverFiles(row: SupportedRow): Promise<void> {
  const error = await startInVain(row, { connsMax: NOFILE_MAX, under: UNDER_NOFILE });
  expect(error.end).toEqual({ exitCode: SERVER_EXIT.usage, signal: null });
  expect(error.message).toContain(
    `--conns-max=${NOFILE_MAX} is over the limit of ${NOFILE_MAX - FDS_RESERVED} connections that RLIMIT_NOFILE (${NOFILE_MAX}) sets`,
  );
}

async function checkFilesLimit(row: SupportedRow): Promise<void> {
  const server = await Server.start(row, { under: UNDER_NOFILE });
  try {
    await withClient(server.port, async (client) => {
      const admitted = await client.connectEach(NOFILE_MAX - FDS_RESERVED);
      await (await client.connect()).expectRefused();
      await server.says(`over the ${NOFILE_MAX - FDS_RESERVED} that RLIMIT_NOFILE (${NOFILE_MAX}) allows`);
      for (const stream of admitted) await stream.exchange(1);
    });
    await server.settle();
  } finally {
    await server.kill();
  }
}

async function checkSetSize(row: SupportedRow): Promise<void> {
  const error = await startInVain(row, { connsMax: OVER_FD_SETSIZE });
  expect(error.end).toEqual({ exitCode: SERVER_EXIT.usage, signal: null });
  expect(error.message).toMatch(/is over the limit of \d+ connections that FD_SETSIZE \(1024\) sets/);
  const most = Number(/limit of (\d+) connections/.exec(error.message)?.[1]);
  expect(most, 'the connectionsMax of the registry').toBe(row.model.connectionsMax);
}
