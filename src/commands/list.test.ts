import { Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { MODELS } from '../models/registry.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { registerList } from './list.ts';

async function run(args: readonly string[], width = 100): Promise<string> {
  let stdout = '';
  const program = new Command('iomodels-bench');
  registerList(program.command('list'), new AbortController().signal, () => ({
    workloads: async () => loadWorkloads(),
    terminal: { width, color: false },
    write: async (text) => {
      stdout += text;
    },
  }));
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  await program.parseAsync(['list', ...args], { from: 'user' });
  return stdout;
}

describe('list', () => {
  test('has a line for every model', async () => {
    const stdout = await run(['models']);
    for (const { id, title } of MODELS)
      expect(stdout).toMatch(new RegExp(`^${id} .*${escaped(title)}$`, 'm'));
  });

  test('has a line for every workload, those of the default profile first', async () => {
    const stdout = await run(['workloads']);
    const lines = loadWorkloads().map(({ id, profile }) => new RegExp(`^${id} +${profile} `, 'm'));
    const places = lines.map((line) => stdout.search(line));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('fits the terminal', async () => {
    for (const what of ['models', 'workloads'])
      for (const line of (await run([what], 80)).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('prints only JSON with --json, and all of each row', async () => {
    expect(JSON.parse(await run(['models', '--json']))).toEqual({
      $schema: 'iomodels-bench/schemas/models.json',
      schemaVersion: 1,
      models: MODELS,
    });
    expect(JSON.parse(await run(['workloads', '--json']))).toEqual({
      $schema: 'iomodels-bench/schemas/workloads.json',
      schemaVersion: 1,
      workloads: loadWorkloads(),
    });
  });

  test.each([[[]], [['programs']]])('refuses %j', async (args) => {
    await expect(run(args)).rejects.toBeInstanceOf(CommanderError);
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
