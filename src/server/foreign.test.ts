import { describe, expect, test } from 'vitest';
import { type ForeignOptions, type ForeignRequest, launchForeign } from './foreign.ts';
import { LaunchError } from './launch.ts';
import { sessionMembers } from './session.ts';

const signal = new AbortController().signal;
/** Who listens is no matter of these tests. */
const adopt: ForeignOptions['adopt'] = (session) => ({
  error: null,
  owner: session,
  congestionError: null,
  listeners: 1,
  ports: [],
});

function launch(script: string, change: Partial<ForeignOptions & ForeignRequest> = {}) {
  const request = {
    name: 'mine',
    command: [process.execPath, '-e', script, '{port}'],
    env: {},
    cpus: null,
    traceTo: null,
    ...change,
  };
  return launchForeign(request, { adopt, signal, acceptTimeoutMs: 20_000, ...change });
}

const listen =
  "require('node:net').createServer((s) => s.pipe(s)).listen(Number(process.argv[1]), '127.0.0.1');";
const never = 'setInterval(() => {}, 1000);';

async function failureOf(script: string, change: Partial<ForeignOptions & ForeignRequest> = {}) {
  const error = await launch(script, change).then(
    async (server) => {
      await server.stop();
      return new Error('it came up');
    },
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(LaunchError);
  return error as LaunchError;
}

describe('A server that was not built for this', () => {
  test('is ready when it accepts a connection, and is gone when it was stopped', async () => {
    const server = await launch(`console.error('hello');${listen}`);
    expect(sessionMembers(server.pid)).toEqual([server.pid]);
    await Promise.all([server.stop(), server.stop()]);
    expect(sessionMembers(server.pid)).toEqual([]);
    expect(server.foreign?.stubborn()).toBeNull();
    expect(server.stderr()).toBe('hello');
    expect(await server.ended).toEqual({ exitCode: null, signal: 'SIGTERM' });
  });
  test('is told its port by its command, by PORT, and by values of its environment', async () => {
    const script = `if (process.env.PORT !== process.argv[1] || process.env.ON !== ':' + process.argv[1]) process.exit(3);${listen}`;
    const server = await launch(script, { env: { ON: ':{port}' } });
    await server.stop();
  });
  test('may say as much as it likes: the end of it is kept', async () => {
    const server = await launch(
      `process.stdout.write('x'.repeat(4_000_000) + 'the end', () => { ${listen} });`,
    );
    await server.stop();
    expect(server.stderr()).toMatch(/^x{3993}the end$/);
  });
  test('may fork: all of its processes are it, and end with it', async () => {
    const child =
      "require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).once('spawn', () => {";
    const server = await launch(`${child}${listen}});`);
    expect(sessionMembers(server.pid)).toHaveLength(2);
    await server.stop();
    expect(sessionMembers(server.pid)).toEqual([]);
  });
  test('that ignores SIGTERM is killed, and that is told', async () => {
    const server = await launch(`process.on('SIGTERM', () => {});${listen}`, { stopTimeoutMs: 50 });
    await server.stop();
    expect(server.foreign?.stubborn()).toBe('did not end within 50 ms of SIGTERM');
    expect(sessionMembers(server.pid)).toEqual([]);
  });
  test('that exits at once fails with how, and what it said', async () => {
    const { message, end } = await failureOf("console.error('no such option'); process.exitCode = 9;");
    expect(message).toBe('the server ended before it accepted a connection (exit 9): no such option');
    expect(end).toEqual({ exitCode: 9, signal: null });
  });
  test('that goes on in the background is not measured', async () => {
    const { message } = await failureOf('');
    expect(message).toMatch(/\(exit 0\); one that goes on in the background cannot be measured/);
  });
  test('that never listens fails in time, with how it is told where', async () => {
    const { message } = await failureOf(never, { acceptTimeoutMs: 100 });
    expect(message).toMatch(
      /^it does not accept connections on 127.0.0.1, port \d+, within 100 ms; it listens nowhere/,
    );
  });
  test('that listens elsewhere is told where that is', async () => {
    const elsewhere: ForeignOptions['adopt'] = () => ({ ...adopt(1, 1), ports: [8080] });
    const { message } = await failureOf(never, { acceptTimeoutMs: 100, adopt: elsewhere });
    expect(message).toMatch(/it listens on port 8080: \{port\} in its command/);
  });
  test('on whose port another process listens is not taken for it', async () => {
    const other: ForeignOptions['adopt'] = () => ({ ...adopt(1, 1), owner: null });
    expect((await failureOf(listen, { adopt: other })).message).toMatch(/listened on by another process/);
  });
  test('is given up where the run is', async () => {
    const controller = new AbortController();
    const started = launch(never, { signal: controller.signal });
    controller.abort(new Error('by SIGINT'));
    await expect(started).rejects.toThrow('by SIGINT');
  });
});
