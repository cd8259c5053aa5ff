import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { LaunchError, launchServer, type ServerHandle } from './launch.ts';

const never = new AbortController().signal;
const STATS = { event: 'stats', accepted: 2, syscalls: { read: 5 } };

const say = 'const say = (line) => console.log(typeof line === "string" ? line : JSON.stringify(line));';

/** A server made of JavaScript; `say` prints a line as JSON. */
function launch(script: string, signal = never): Promise<ServerHandle> {
  return launchServer(process.execPath, ['-e', `${say}${script}`], signal);
}

/** Its own pid: that is what is signalled to stop it. */
const ready =
  "say({ event: 'ready', port: 40001, pid: process.pid, countersFd: 3, connsMax: 8, congestion: 'reno' });";
const untilStopped = 'setInterval(() => {}, 1000);';
const withStats = `process.on('SIGTERM', () => { say(${JSON.stringify(STATS)}); process.exit(0); });`;

async function failureOf(script: string): Promise<LaunchError> {
  const error = await launch(script).then(
    async (server) => {
      await server.stop();
      return 'it came up';
    },
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(LaunchError);
  return error as LaunchError;
}

describe('launchServer', () => {
  test('gives what the ready line says, and the stats line when it is stopped', async () => {
    const server = await launch(`${withStats}${ready}${untilStopped}`);
    expect(server).toMatchObject({ port: 40_001, countersFd: 3, connsMax: 8 });
    expect(await server.stop()).toEqual(STATS);
    expect(await server.ended).toEqual({ exitCode: 0, signal: null });
  });

  test('may be stopped again, and after the server has ended', async () => {
    const server = await launch(`${withStats}${ready}${untilStopped}`);
    expect(await Promise.all([server.stop(), server.stop()])).toEqual([STATS, STATS]);
    expect(await server.stop()).toEqual(STATS);
  });

  test('signals no other process that has the number by which a server knows itself', async () => {
    const bystander = spawn(process.execPath, ['-e', untilStopped], { stdio: 'ignore' });
    try {
      const told = ready.replace('process.pid', String(bystander.pid));
      const server = await launch(`${withStats}${told}${untilStopped}`);
      expect(server.isStarted).toBe(false);
      expect(await server.stop()).toEqual(STATS);
      expect(await server.ended).toEqual({ exitCode: 0, signal: null });
      expect([bystander.exitCode, bystander.signalCode]).toEqual([null, null]);
    } finally {
      bystander.kill('SIGKILL');
    }
  });

  test('ends a server that its command started as a child', async () => {
    const args = ['-e', `${say}${withStats}${ready}${untilStopped}`];
    const server = await launchServer('sh', ['-c', '"$@"; exit $?', 'sh', process.execPath, ...args], never);
    expect(server.isStarted).toBe(false);
    expect(await server.stop()).toEqual(STATS);
    expect(await server.ended).toEqual({ exitCode: 0, signal: null });
  });

  test('has no stats of a server that did not tell any', async () => {
    const server = await launch(`${ready}say('goodbye');${untilStopped}`);
    expect(await server.stop()).toBeNull();
    expect(await server.ended).toEqual({ exitCode: null, signal: 'SIGTERM' });
  });

  test('tells how a server ended by itself, and keeps the end of what it said', async () => {
    const server = await launch(`${ready}console.error('x'.repeat(5000) + 'the end'); process.exitCode = 9;`);
    expect(await server.ended).toEqual({ exitCode: 9, signal: null });
    await server.stop();
    expect(server.stderr()).toHaveLength(4000);
    expect(server.stderr()).toMatch(/x{3000}the end\n$/);
  });

  test('fails with what the server said when it ends before it is ready', async () => {
    const error = await failureOf("console.error('bind(7000): Address already in use'); process.exit(1);");
    expect(error.message).toBe(
      'the server ended before it was ready (exit 1): bind(7000): Address already in use',
    );
    expect(error.end).toEqual({ exitCode: 1, signal: null });
  });

  test('names the signal of a server that is killed before it is ready', async () => {
    const error = await failureOf("process.kill(process.pid, 'SIGKILL');");
    expect(error.message).toBe('the server ended before it was ready (SIGKILL)');
  });

  test.each([
    ['text', `say('listening on 7000');${untilStopped}`, 'unexpected first line listening on 7000'],
    [
      'another event',
      `say({ event: 'stats', syscalls: {} });${untilStopped}`,
      'unexpected first line {"event":"stats","syscalls":{}}',
    ],
    [
      'a line without end',
      `say('x'.repeat(100000));${untilStopped}`,
      `unexpected first line ${'x'.repeat(200)}`,
    ],
  ])('takes %s for no ready line, and leaves no process', async (_title, script, message) => {
    const error = await failureOf(script);
    expect(error.message).toBe(message);
    expect(error.end).toEqual({ exitCode: null, signal: 'SIGKILL' });
  });

  test('names a program that cannot be started', async () => {
    const started = launchServer('/nowhere/epoll', [], never);
    await expect(started).rejects.toBeInstanceOf(LaunchError);
    await expect(started).rejects.toThrow(/\/nowhere\/epoll.*ENOENT/);
  });

  test('starts nothing when it is aborted before', async () => {
    const reason = new Error('by SIGINT');
    await expect(launch(ready, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test('ends the server when it is aborted while it waits', async () => {
    const controller = new AbortController();
    const reason = new Error('by SIGINT');
    const started = launch(untilStopped, controller.signal);
    controller.abort(reason);
    await expect(started).rejects.toBe(reason);
  });
});
