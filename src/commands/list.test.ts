import { Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { MODELS } from '../models/registry.ts';
import { loadWorkloads } from '../workloads/load.ts';
import { registerList } from './list.ts';

async function run(args: readonly string[], width = 100): Promise<string> {
  let stdout = '';
  const program = new Command('iomodels-bench');
  registerList(program, () => ({
    workloads: loadWorkloads,
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

  test('has a line for every workload', async () => {
    expect(`\n${await run(['workloads'])}`).toMatchInlineSnapshot(`
      "
      Workloads
      workload          profile  load
      ping-pong         default  closed loop, 1 connection, 64 B, 1 in flight on each
      many-connections  default  closed loop, 200 connections, 64 B, 1 in flight on each
      mostly-idle       default  closed loop, 1000 connections, 10 active, 64 B, 1 in flight on each
      large-message     full     closed loop, 16 connections, 65536 B, 1 in flight on each
      churn             full     a new connection per request, 32 at once, 64 B
      pipelined         full     closed loop, 50 connections, 64 B, 16 in flight on each
      fixed-rate        full     open loop, 20000/s fixed, 100 connections, 64 B
      c10k              full     closed loop, 10000 connections, 100 active, 64 B, 1 in flight on each
      "
    `);
  });

  test('fits the terminal', async () => {
    for (const line of (await run(['models'], 80)).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    for (const line of (await run(['workloads'])).split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('prints only JSON with --json, and all of each row', async () => {
    expect(JSON.parse(await run(['models', '--json']))).toEqual({ schemaVersion: 1, models: MODELS });
    expect(JSON.parse(await run(['workloads', '--json']))).toEqual({
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
