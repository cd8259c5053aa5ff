import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HELPERS_DIR } from '../../build/package.ts';
import type { RunResult } from '../../results/schema.ts';
import { readRun } from '../../results/store.ts';
import { EXIT } from '../../util/errors.ts';
import { askCli, type Ended, newestFolder, runCli, runFolders } from './cli.ts';

const SHORT = ['--duration', '60ms', '--warmup', '20ms', '--retry', '0'];
const EXAMPLES = join(HELPERS_DIR, '..', 'examples', 'servers');

/** A blocking echo with a forked process per connection; `--own-congestion` sets one on every connection. */
const FORKING = `
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	signal(SIGCHLD, SIG_IGN);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (void *)&to, sizeof(to)) || listen(listener, 128))
		return 1;
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (argc > 2)
			setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, argv[2], strlen(argv[2]));
		if (fork() == 0) {
			char text[4096];
			for (ssize_t n; (n = read(fd, text, sizeof(text))) > 0;)
				if (write(fd, text, (size_t)n) != n)
					break;
			_exit(0);
		}
		close(fd);
	}
}
`;

let cwd: string;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-own-'));
  writeFileSync(join(cwd, 'forking.c'), FORKING);
  await execa('cc', ['-O1', '-o', 'forking', 'forking.c'], { cwd });
});
afterAll(() => rmSync(cwd, { recursive: true }));

const PROGRAMS = [
  ['--server', `node=node ${join(EXAMPLES, 'node-net.mjs')} {port}`],
  ['--server', `asyncio=python3 ${join(EXAMPLES, 'asyncio_echo.py')} {port}`],
  ['--server', 'forking=./forking {port}'],
].flat();

describe('a run with servers of the user', () => {
  let ended: Ended;
  let result: RunResult;
  beforeAll(async () => {
    ended = await runCli(['run', ...PROGRAMS, '--workloads', 'ping-pong', '--blocks', '2', ...SHORT], {
      cwd,
    });
    result = await readRun(runFolders(cwd)[0] ?? '', cwd);
  });

  test('measures them beside the reference, and says what they are', () => {
    expect(ended.stderr).not.toContain('error:');
    expect(ended.exitCode).toBe(0);
    for (const name of ['epoll-lt', 'node', 'asyncio', 'forking']) expect(ended.stdout).toContain(name);
    expect(ended.stdout).toContain('server forking: ./forking {port}');
    const { servers } = result.record;
    expect(servers.map(({ model }) => model)).toEqual(['node', 'asyncio', 'forking']);
    expect(servers[0]?.version).toBe(process.version);
    for (const { files } of servers)
      expect(files.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
  });

  test('bills all of their processes, and gives them the congestion control of the others', () => {
    const measured = result.trials.flatMap((trial) =>
      trial.status === 'measured' && trial.label !== 'epoll-lt' ? [trial] : [],
    );
    expect(measured).toHaveLength(6);
    for (const { label, observation } of measured) {
      const { server, congestion, requests } = observation;
      expect(congestion, label).toEqual({ server: 'reno', client: 'reno' });
      expect(server.cpuNs, label).toBeGreaterThan(0);
      expect(server.syscallsPerRequest, label).toBeNull();
      expect(requests.bytesVerified, label).toBe(64 * requests.accounted);
      if (label === 'forking') expect(server.processes).toBe(2);
      if (label === 'node') expect(server.processes).toBe(1);
    }
  });

  test('counts their system calls in trials of their own', () => {
    const audited = result.trials.filter(({ status }) => status === 'audited');
    expect(audited).toHaveLength(6);
    const forking = audited.find(({ label }) => label === 'forking');
    if (forking?.status !== 'audited') throw new Error('it is not there');
    const { read = 0, write = 0 } = forking.observation.server.syscalls;
    expect(Math.round(read / forking.observation.requests.accounted)).toBe(1);
    expect(Math.round(write / forking.observation.requests.accounted)).toBe(1);
  });
});

test('two builds of one server end in their paired verdict, and with its exit code', async () => {
  const builds = ['--server', 'old=./forking {port}', '--server', 'new=./forking {port}'];
  const run = ['run', '--models', 'none', ...builds, '--workloads', 'ping-pong', '--blocks', '4', ...SHORT];
  const ended = await runCli(run, { cwd });
  expect(ended.exitCode, ended.stderr).toBe(0);
  expect(ended.stdout).toContain('new against old, in pairs');
  const folder = newestFolder(cwd);
  const verdict = await askCli(['compare', `${folder}:old`, `${folder}:new`], { cwd });
  const byServer = await askCli(['compare', folder, '--by', 'server'], { cwd });
  expect([EXIT.ok, EXIT.regressed, EXIT.inconclusive]).toContain(verdict.exitCode);
  expect(byServer.exitCode).toBe(verdict.exitCode);
});

test('what it does wrong is told, and no process is left', async () => {
  const wrong =
    "require('net').createServer((s)=>s.on('data',(b)=>s.write(b.map((x)=>x^1)))).listen(process.argv[1],'127.0.0.1')";
  const early =
    "require('net').createServer((s)=>s.once('data',(b)=>s.end(b.subarray(0,1)))).listen(process.argv[1],'127.0.0.1')";
  const servers = [`wrong=node -e "${wrong}" {port}`, `early=node -e "${early}" {port}`];
  const options = servers.flatMap((server) => ['--server', server]);
  const ended = await runCli(
    [
      'run',
      '--models',
      'none',
      ...options,
      '--workloads',
      'ping-pong',
      '--blocks',
      '1',
      ...SHORT,
      '--results',
      'bad',
    ],
    { cwd },
  );
  expect(ended.exitCode).toBe(EXIT.trialFailed);
  expect(ended.stderr).toMatch(/wrong under ping-pong.*preflight: echo check: wrong bytes after 0/);
  expect(ended.stderr).toMatch(/early under ping-pong.*preflight: echo check: the server closed after 1 of/);
});

test.each([
  ['epoll-lt=./forking {port}', EXIT.usage, 'a model of this tool is called so'],
  ['mine=./nowhere {port}', EXIT.environment, 'there is no program ./nowhere'],
])('--server %s ends with %i before anything is measured', async (server, exitCode, message) => {
  const ended = await askCli(['run', '--server', server, '--workloads', 'ping-pong', ...SHORT], { cwd });
  expect(ended.exitCode).toBe(exitCode);
  expect(ended.stderr).toContain(message);
});
