import { readFile } from 'node:fs/promises';
import { explainTrial } from '../explain/explain-trial.ts';
import { explanationOf } from '../explain/explanation-of.ts';
import { finishedWindows, PluginOutputError } from '../explain/plugin-output.ts';
import { type KernelSymbols, kernelSymbols } from '../explain/symbols.ts';
import type { Agent } from '../place/agent/agent.ts';
import { saveExplanation } from '../results/explanation.ts';
import type { RunResult } from '../results/schema.ts';
import { codeOf, messageOf } from '../util/errors.ts';

/** The symbols of kernels, by the hash of their image: they take seconds to read, and are the same in every boot. */
export class SymbolStore {
  readonly #known = new Map<string, KernelSymbols>();

  async of(imageHash: string, agent: Agent, signal: AbortSignal): Promise<KernelSymbols> {
    const known = this.#known.get(imageHash);
    if (known !== undefined) return known;
    const symbols = kernelSymbols(await agent.symbols(signal));
    this.#known.set(imageHash, symbols);
    return symbols;
  }
}

/** What it takes to count the instructions of boots by function. */
export interface ExplainMeans {
  readonly pluginPath: string;
  /** For what the plugin writes. */
  readonly folder: string;
  readonly symbols: SymbolStore;
}

/**
 * Says by function where the instructions of a boot's trials went, and stores that beside its run. Null, or why it cannot be said.
 * @param counted the run, its folder, what the plugin wrote by the time the guest was off, and the kernel's symbols.
 */
export async function explainBoot(counted: {
  readonly result: RunResult;
  readonly folder: string;
  readonly pluginOutput: string;
  readonly symbols: KernelSymbols;
}): Promise<string | null> {
  const { record, trials } = counted.result;
  const measured = trials.filter((trial) => trial.status === 'measured');
  try {
    const pluginOutput = await readFile(counted.pluginOutput, 'utf8');
    const windows = finishedWindows(pluginOutput);
    // A trial that failed may have a window, or none.
    if (windows.length !== measured.length)
      return `not explained: ${measured.length} trials were measured, and ${windows.length} counted by function`;
    const explained = measured.map(({ label, workload, block, observation }, i) => ({
      ...{ label, workload, block },
      explained: explainTrial({
        pluginOutput,
        symbols: counted.symbols,
        window: windows[i] ?? 0,
        accountedRequests: observation.requests.accounted,
        instructions: observation.accountedNs,
      }),
    }));
    const { guest, kernel } = record.environment;
    const { qemu = '', cpu = '' } = guest ?? {};
    await saveExplanation(
      counted.folder,
      explanationOf({ runId: record.runId, kernel, qemu, cpu, trials: explained }),
    );
    return null;
  } catch (error) {
    if (error instanceof PluginOutputError || codeOf(error) === 'ENOENT')
      return `not explained: ${messageOf(error)}`;
    throw error;
  }
}
