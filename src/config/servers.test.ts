import { describe, expect, test } from 'vitest';
import { parseServers, type ServerFlags, serverTexts } from './servers.ts';

function parsed(flags: ServerFlags) {
  const problems: string[] = [];
  const warnings: string[] = [];
  return { entries: parseServers(flags, problems, warnings), problems, warnings };
}

describe("A server of the user's own", () => {
  test('is a row with its command, environment and probe', () => {
    const { entries, problems, warnings } = parsed({
      server: ["mine=./my-server --port {port} 'a b'", 'other=x={port}'],
      serverProbe: ['mine=./my-server --version'],
      serverEnv: ['mine=A=1', 'mine=B=c=d', 'mine=EMPTY='],
    });
    expect([problems, warnings]).toEqual([[], []]);
    expect(entries).toEqual([
      {
        label: 'mine',
        model: 'mine',
        server: {
          command: ['./my-server', '--port', '{port}', 'a b'],
          env: { A: '1', B: 'c=d', EMPTY: '' },
          probe: ['./my-server', '--version'],
        },
      },
      { label: 'other', model: 'other', server: { command: ['x={port}'], env: {}, probe: null } },
    ]);
    expect(serverTexts(entries)[0]).toBe("mine: A=1 B=c=d EMPTY= ./my-server --port {port} 'a b'");
  });
  test('may be told its port by the environment alone, which is doubtful enough to be said', () => {
    expect(parsed({ server: ['web=npm start'] }).warnings).toEqual([
      '--server web: its command has no {port}, so only the environment variable PORT tells it where to listen',
    ]);
    expect(parsed({ server: ['web=npm start'], serverEnv: ['web=LISTEN=:{port}'] }).warnings).toEqual([]);
  });
  test.each<[flags: ServerFlags, problem: RegExp]>([
    [{ server: ['./my-server'] }, /write name=command, such as 'mine=/],
    [{ server: ['Mine=./a {port}'] }, /"Mine" cannot name a server/],
    [{ server: ['a--b=./a {port}'] }, /cannot name a server/],
    [{ server: ['epoll-lt=./a {port}'] }, /--server epoll-lt: a model of this tool is called so/],
    [{ server: ['a=./a {port}', 'a=./b {port}'] }, /--server a: the name is there twice/],
    [{ server: ['a='] }, /--server a: the command is empty/],
    [{ server: ["a='' {port}"] }, /--server a: the command is empty/],
    [{ server: ['a=./a {port} | cat'] }, /--server a: no shell is started, and \| needs one/],
    [{ serverProbe: ['a=true'] }, /--server-probe a: goes with --server, and there is none/],
    [
      { server: ['a=./a {port}'], serverProbe: ['b=true'] },
      /--server-probe: unknown server b; did you mean a/,
    ],
    [{ server: ['a=./a {port}'], serverEnv: ['a=1X=2'] }, /write name=KEY=VALUE/],
    [{ server: ['a=./a {port}'], serverEnv: ['a=PORT=2'] }, /PORT is set by this tool/],
  ])('%j is refused', (flags, problem) => {
    const { problems } = parsed(flags);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
