import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { COST_PROGRAM } from '../build/guest-programs.ts';
import type { PathLength } from '../explain/explain-schema.ts';
import { explainTrial } from '../explain/explain-trial.ts';
import { explanationOf } from '../explain/explanation-of.ts';
import { pathLengthOf } from '../explain/path-length.ts';
import { finishedWindows, PluginOutputError } from '../explain/plugin-output.ts';
import { kernelSymbols } from '../explain/symbols.ts';
import type { Kernel } from '../kernels/schema.ts';
import type { Agent, ProbeAnswer } from '../place/agent/agent.ts';
import { bootGuest } from '../place/guest/boot.ts';
import { EnvironmentError } from '../util/errors.ts';
import { ANSWER_TIMEOUT_MS, bootIn, type Machine } from './boot-run.ts';

/** One CPU: the other one's idle loop would be counted too. */
const SMP = 1;
/** Of a batch; the first one, in which everything is done for the first time, is left out. */
const TURNS = 1000;
const BATCHES = 4;
/** A guest executes what its boot left to do. */
const SETTLE_MS = 5_000;
/** What the cost program exits with where something is missing, as all programs of the project. */
const EXIT_UNSUPPORTED = 77;

/** What the cost program prints. */
const outputSchema = z.object({
  turns: z.int().positive(),
  perTurn: z.int().positive(),
  loopNs: z.number(),
  clockNs: z.number(),
  ns: z.array(z.number()).min(2),
});

export interface ExplainCostRequest {
  /** Its programs hold `COST_PROGRAM`. */
  readonly machine: Machine;
  readonly kernel: Kernel;
  readonly pluginPath: string;
  /** For the console of a boot that breaks. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Boots a kernel, runs a cost in it, and says by function where the instructions of an operation go. The label of what comes
 * of it is the cost, and its requests are operations. Throws `EnvironmentError` where the cost cannot run there, where
 * the guest breaks, and where what was counted is not whole.
 * @param boot how a guest is booted.
 */
export async function explainCost(
  id: string,
  request: ExplainCostRequest,
  boot: typeof bootGuest = bootGuest,
): Promise<PathLength> {
  const { machine, kernel, signal } = request;
  const output = join(dirname(machine.initramfs), 'cost.counts');
  const guest = await bootIn(
    {
      machine,
      kernel: kernel.path,
      guest: { smp: SMP },
      signal,
      plugin: { path: request.pluginPath, output },
    },
    request.folder,
    boot,
  );
  try {
    const { answer, symbols } = await guest.within(`the cost ${id}`, 2 * ANSWER_TIMEOUT_MS.least, async () =>
      runIn(guest.agent, id, signal),
    );
    await guest.powerOff();
    return pathOf(await readFile(output, 'utf8'), { id, kernel, machine, answer, symbols });
  } catch (error) {
    if (!(error instanceof PluginOutputError)) throw error;
    throw new EnvironmentError(`${id} is not explained: ${error.message}`, { cause: error });
  } finally {
    await guest.kill();
    await rm(output, { force: true });
  }
}

async function runIn(agent: Agent, id: string, signal: AbortSignal) {
  await agent.settle(SETTLE_MS, signal);
  const answer = await agent.probe(COST_PROGRAM, [id, String(TURNS), String(BATCHES)], { signal });
  return { answer, symbols: kernelSymbols(await agent.symbols(signal)) };
}

interface Counted {
  readonly id: string;
  readonly kernel: Kernel;
  readonly machine: Machine;
  readonly answer: ProbeAnswer;
  readonly symbols: ReturnType<typeof kernelSymbols>;
}

function pathOf(pluginOutput: string, { id, kernel, machine, answer, symbols }: Counted): PathLength {
  const { turns, perTurn, loopNs, clockNs, ns } = outputOf(id, kernel, answer);
  const windows = finishedWindows(pluginOutput);
  if (windows.length !== ns.length)
    throw new PluginOutputError(`${ns.length} batches were run, and ${windows.length} counted`);
  const requests = turns * perTurn;
  const trials = windows.flatMap((window, block) => {
    const sample = ns[block];
    if (block === 0 || sample === undefined) return [];
    // The guest's clock counts instructions: what was subtracted is counted as well.
    const instructions = Math.max(0, Math.round(sample * requests + loopNs * turns + clockNs));
    const explained = explainTrial({
      ...{ pluginOutput, symbols, window, instructions },
      accountedRequests: requests,
    });
    return [{ label: id, workload: 'cost', block, explained }];
  });
  const explanation = explanationOf({
    ...{ runId: '', kernel: kernel.release, qemu: machine.qemu.version, cpu: machine.cpu },
    trials,
  });
  return pathLengthOf([explanation], { label: id, workload: 'cost' });
}

function outputOf(id: string, { release }: Kernel, { exitCode, stdout, stderr }: ProbeAnswer) {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  if (exitCode === EXIT_UNSUPPORTED)
    throw new EnvironmentError(`${id} cannot run in a guest of Linux ${release} with one CPU: ${said}`);
  if (exitCode !== 0) throw new EnvironmentError(`${id} failed in a guest of Linux ${release}: ${said}`);
  return outputSchema.parse(JSON.parse(stdout));
}
