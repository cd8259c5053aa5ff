import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readTool } from '../../build/package.ts';
import { LOADGEN_ABI_VERSION } from '../../load/abi.ts';
import { AgentError, connectAgent } from './agent.ts';
import { AGENT_PROTOCOL, ASK_BYTES_MAX } from './protocol.ts';

const HELLO = {
  event: 'hello',
  protocol: AGENT_PROTOCOL,
  version: readTool().version,
  abi: LOADGEN_ABI_VERSION,
  kernel: '6.12.0',
  arch: 'x86_64',
  init: true,
  cpus: 1,
  programs: ['epoll'],
  nofile: 1024,
  problems: [],
};
/** Generous: nothing waits for this long. */
const TIMEOUT_MS = 9_000;

/** An agent that answers each line as `answer` says; `undefined`: not at all. */
function fakeAgent(answer: (ask: { ask: string; id: number }) => unknown, hello: unknown = HELLO) {
  const input = new PassThrough();
  const output = new PassThrough();
  const asked: string[] = [];
  const say = (value: unknown) =>
    output.write(typeof value === 'string' ? value : `${JSON.stringify(value)}\n`);
  input.on('data', (bytes: Buffer) => {
    for (const line of bytes.toString().split('\n').filter(Boolean)) {
      const ask = JSON.parse(line);
      asked.push(ask.ask);
      const said = answer(ask);
      if (said !== undefined) say(said);
    }
  });
  if (hello !== null) say(hello);
  return { input, output, asked, say };
}

async function failureOf(work: Promise<unknown>): Promise<AgentError> {
  const error = await work.then(
    () => 'it went well',
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(AgentError);
  return error as AgentError;
}

const settled = ({ id }: { id: number }) => ({ event: 'settled', id });

describe('the hello', () => {
  test('is kept', async () => {
    const agent = await connectAgent(fakeAgent(settled), { timeoutMs: TIMEOUT_MS });
    expect(agent.hello).toEqual(HELLO);
  });

  test.each<[string, unknown, RegExp]>([
    ['garbage', 'Kernel panic - not syncing\n', /did not say hello: "Kernel panic/],
    ['another line', settled({ id: 1 }), /did not say hello/],
    [
      'another version',
      { ...HELLO, version: '0.0.1', abi: 1 },
      /of another version: version 0\.0\.1.*; ABI 1,/,
    ],
  ])('that is %s is refused, with what was read', async (_title, hello, message) => {
    const error = await failureOf(connectAgent(fakeAgent(settled, hello), { timeoutMs: TIMEOUT_MS }));
    expect(error.message).toMatch(message);
    expect(error.read).not.toBe('');
  });

  test('that does not come within a time is refused', async () => {
    const error = await failureOf(connectAgent(fakeAgent(settled, null), { timeoutMs: 1 }));
    expect(error.message).toBe('the agent said no hello within 1 ms');
  });

  test('that is cut short by the end is refused, with what was read', async () => {
    const agent = fakeAgent(settled, null);
    agent.output.end('{"event":"hel');
    const error = await failureOf(connectAgent(agent, { timeoutMs: TIMEOUT_MS }));
    expect([error.message, error.read]).toEqual(['the agent ended: "{\\"event\\":\\"hel"', '{"event":"hel']);
  });
});

describe('an ask', () => {
  test('is answered, one after the other', async () => {
    const fake = fakeAgent((ask) =>
      ask.ask === 'files' ? { event: 'files', id: ask.id, texts: { '/a': 'x', '/b': null } } : settled(ask),
    );
    const agent = await connectAgent(fake, { timeoutMs: TIMEOUT_MS });
    const [files] = await Promise.all([agent.files(['/a', '/b']), agent.settle(1)]);
    expect([...files]).toEqual([
      ['/a', 'x'],
      ['/b', null],
    ]);
    expect(fake.asked).toEqual(['files', 'settle']);
  });

  test('joins the parts of the symbols, which may be cut anywhere', async () => {
    const fake = fakeAgent(({ id }) =>
      ['ffffffff81000000 a\n10 b', '\n-8 c.cold\n']
        .map((text, part) => `${JSON.stringify({ event: 'symbols', id, part, text, last: part === 1 })}\n`)
        .join(''),
    );
    const agent = await connectAgent(fake, { timeoutMs: TIMEOUT_MS });
    expect(await agent.symbols()).toEqual([
      { address: 0xffffffff81000000n, name: 'a' },
      { address: 0xffffffff81000010n, name: 'b' },
      { address: 0xffffffff81000008n, name: 'c.cold' },
    ]);
  });

  test('that is refused rejects, and the next one is answered', async () => {
    let asks = 0;
    const fake = fakeAgent((ask) =>
      asks++ === 0 ? { event: 'refused', id: ask.id, message: 'no' } : settled(ask),
    );
    const agent = await connectAgent(fake, { timeoutMs: TIMEOUT_MS });
    expect((await failureOf(agent.settle(1))).message).toBe('the agent refused "settle": no');
    await agent.settle(1);
  });

  test('that is too long is not sent', async () => {
    const fake = fakeAgent(settled);
    const agent = await connectAgent(fake, { timeoutMs: TIMEOUT_MS });
    await failureOf(agent.files(['x'.repeat(ASK_BYTES_MAX)]));
    expect(fake.asked).toEqual([]);
  });

  test.each<[string, unknown, RegExp]>([
    ['garbage', 'x\n', /what is no answer/],
    ['an answer of another shape', { event: 'settled', id: -1 }, /what is no answer: id:/],
    ['an answer to nobody', { event: 'settled', id: 99 }, /answered what was not asked/],
    ['that it understood nothing', { event: 'refused', id: null, message: 'hm' }, /understood nothing: hm/],
  ])('rejects when the agent says %s, and so does every later one', async (_title, said, message) => {
    const agent = await connectAgent(
      fakeAgent(() => said),
      { timeoutMs: TIMEOUT_MS },
    );
    expect((await failureOf(agent.settle(1))).message).toMatch(message);
    expect((await failureOf(agent.settle(1))).message).toMatch(message);
  });

  test('rejects with what who started the agent knows of its end', async () => {
    const fake = fakeAgent(() => void fake.output.end());
    const known = new Error('the guest panicked');
    const agent = await connectAgent(fake, { timeoutMs: TIMEOUT_MS, whyBroken: async () => known });
    await expect(agent.settle(1)).rejects.toBe(known);
  });

  test('that is aborted rejects with the reason and ends the agent', async () => {
    const abort = new AbortController();
    const fake = fakeAgent(() => abort.abort(new Error('enough')) as undefined);
    const agent = await connectAgent(fake, { timeoutMs: TIMEOUT_MS });
    await expect(agent.settle(1, abort.signal)).rejects.toThrow('enough');
    expect(fake.input.writableEnded).toBe(true);
    await expect(agent.settle(1, abort.signal)).rejects.toThrow('enough');
    expect((await failureOf(agent.settle(1))).message).toBe('an ask was aborted');
  });
});

test('a stop is answered while another ask is under way, and what follows is no failure', async () => {
  const fake = fakeAgent(({ ask, id }) =>
    ask === 'stop'
      ? `${JSON.stringify(settled({ id: id - 1 }))}\n${JSON.stringify({ event: 'stopped', id })}\n`
      : undefined,
  );
  const agent = await connectAgent(fake, { timeoutMs: TIMEOUT_MS });
  await Promise.all([agent.settle(1), Promise.resolve().then(() => agent.stop())]);
  fake.output.end();
  expect((await failureOf(agent.settle(1))).message).toMatch(/stopped|ended/);
});
