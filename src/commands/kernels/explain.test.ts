import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fixtureExplanation } from '../../fixtures/explanations.ts';
import { fixtureRun } from '../../fixtures/run.ts';
import { saveExplanation } from '../../results/explanation.ts';
import { createStore } from '../../results/store.ts';
import { NotComparableError, UsageError } from '../../util/errors.ts';
import { registerExplain } from './explain.ts';

const RUN = fixtureRun();
let results: string;

beforeEach(async () => {
  results = mkdtempSync(join(tmpdir(), 'iomb-explain-'));
  for (const kernel of ['6.1', '6.12', '7.2'] as const) {
    const runId = `run-${kernel}`;
    const store = await createStore(results, runId);
    await store.saveRecord({ ...RUN.record, runId });
    await saveExplanation(store.folder, fixtureExplanation(kernel));
  }
  await (await createStore(results, 'bare')).saveRecord({ ...RUN.record, runId: 'bare' });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(results, { recursive: true });
});

/** What the command prints. */
async function explain(...args: readonly string[]): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((...args: unknown[]) => {
    printed += String(args[0]);
    for (const done of args) if (typeof done === 'function') done();
    return true;
  });
  const command = new Command().exitOverride();
  registerExplain(command);
  await command.parseAsync([...args, '--results', results], { from: 'user' });
  return printed;
}

describe('kernels explain', () => {
  test('says of one run where the instructions go, row by row', async () => {
    const text = await explain('run-7.2', '--markdown');
    expect(text).toMatch(/epoll-lt under ping-pong: instructions per request by subsystem/);
    expect(text).toMatch(/io_uring under ping-pong: instructions per request by function/);
  });
  test('explains two kernels by the cells that both have', async () => {
    const text = await explain('run-6.12', 'run-7.2', '--markdown');
    expect(text).toContain('(+10.2 %)');
    expect(text).not.toContain('io_uring under ping-pong');
  });
  test('explains two rows of one run', async () => {
    expect(await explain('run-7.2:epoll-lt', 'run-7.2:io_uring', '--markdown')).toContain(
      'epoll-lt → io_uring',
    );
  });
  test('explains a row of two runs, named once', async () => {
    const { differences } = JSON.parse(await explain('run-6.12:epoll-lt', 'run-7.2', '--json'));
    expect(differences).toHaveLength(1);
  });
  test('prints stacks for flame graph tools, of one side and of two', async () => {
    expect((await explain('run-7.2:epoll-lt', '--format', 'collapsed')).split('\n')[0]).toBe(
      'epoll-lt;copying;memset 2336',
    );
    expect(await explain('run-6.12', 'run-7.2', '--format', 'collapsed')).toContain(
      '\nepoll-lt;TCP;tcp_ack 916 1058\n',
    );
  });
  test('prints as many functions as asked for', async () => {
    const rows = (text: string) => text.split('\n').filter((line) => /tcp_ack|memset/.test(line)).length;
    expect(rows(await explain('run-7.2:epoll-lt', '--markdown', '--top', '1'))).toBeLessThan(
      rows(await explain('run-7.2:epoll-lt', '--markdown', '--top', '200')),
    );
  });

  test.each<[string, readonly string[], RegExp]>([
    ['a run that was not explained', ['bare'], /bare was not explained.*kernels run --explain/],
    ['a run that is not there', ['gone'], /no run gone/],
    ['kernels on one side', ['run-6.1,run-6.12'], /several kernels on one side: 6\.1.*, 6\.12/],
    ['a row that was not explained', ['run-6.12:epoll-lt', 'run-7.2:select'], /explained are epoll-lt under/],
    ['a model that was not explained', ['run-7.2', '--models', 'poll'], /no such cell was explained/],
  ])('refuses %s', async (_what, args, message) => {
    await expect(explain(...args)).rejects.toThrow(UsageError);
    await expect(explain(...args)).rejects.toThrow(message);
  });

  test('compares nothing that another QEMU counted', async () => {
    await saveExplanation(join(results, 'run-7.2'), { ...fixtureExplanation('7.2'), qemu: '11.0.0' });
    await expect(explain('run-6.12', 'run-7.2')).rejects.toThrow(NotComparableError);
  });
  test('takes no explanation of another run', async () => {
    await saveExplanation(join(results, 'bare'), fixtureExplanation('7.2'));
    await expect(explain('bare')).rejects.toThrow(/bare was not explained/);
  });
});
