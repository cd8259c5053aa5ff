import { Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { MODELS } from '../models/registry.ts';
import type { RunEntry } from '../results/run-entry-schema.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { registerList } from './list.ts';

const RUNS: readonly RunEntry[] = (['complete', 'interrupted'] as const).map((status, i) => ({
  runId: `20250101-00000${i}-1a2b`,
  kind: i === 0 ? 'run' : 'noise',
  status,
  startedAt: `2025-01-01T00:00:0${i}.000Z`,
  finishedAt: null,
  kernel: '6.12.1',
  models: 12,
  workloads: 3,
  bytes: 1_310_720,
  folder: '/x',
}));
let warned: string[] = [];

async function run(args: readonly string[], width = 100): Promise<string> {
  let stdout = '';
  warned = [];
  const program = new Command('iomodels-bench');
  registerList(program.command('list'), new AbortController().signal, () => ({
    workloads: async () => loadWorkloads(),
    runs: async (outDir) => ({ runs: outDir === './results' ? RUNS : [], problems: ['one is damaged'] }),
    warn: (text) => warned.push(text),
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

  test('has a line for every run, and warns of what is none', async () => {
    expect(await run(['runs'])).toMatchInlineSnapshot(`
      "Runs
      run                   kind   status       started (UTC)        kernel   models ×   size
                                                                             workloads
      20250101-000000-1a2b  run    complete     2025-01-01 00:00:00  6.12.1     12 × 3  1.25M
      20250101-000001-1a2b  noise  interrupted  2025-01-01 00:00:01  6.12.1     12 × 3  1.25M
      "
    `);
    expect(warned).toEqual(['one is damaged']);
    expect(await run(['runs', '--results', 'elsewhere'])).toBe('no runs under elsewhere yet\n');
  });

  test('fits the terminal', async () => {
    for (const what of ['models', 'workloads', 'runs'])
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
    expect(JSON.parse(await run(['runs', '--json']))).toEqual({
      $schema: 'iomodels-bench/schemas/runs.json',
      schemaVersion: 1,
      runs: RUNS,
    });
  });

  test.each([[[]], [['programs']]])('refuses %j', async (args) => {
    await expect(run(args)).rejects.toBeInstanceOf(CommanderError);
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
