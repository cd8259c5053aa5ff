import { type CountedBlock, parseWindow } from './plugin-output.ts';
import { functionAt, type KernelSymbols } from './symbols.ts';
import { isAgentText, USER_SPACE_END, userFunctionAt } from './user-space.ts';

export interface TrialCounts {
  /** The text of the file that the plugin wrote. */
  readonly pluginOutput: string;
  readonly symbols: KernelSymbols;
  /** Which start mark of the boot began the window, from 1. */
  readonly window: number;
  /** Requests that began and were answered between the marks, those answered after the deadline included. */
  readonly accountedRequests: number;
  /** What the guest's instruction clock says of the time between the edges of the window. */
  readonly instructions: number;
}

export interface FunctionCount {
  /** As in the source, see `sourceName`; or of `USER_FUNCTIONS`. */
  readonly name: string;
  /** Executed in it, not in what it calls. */
  readonly instructions: number;
  /** How often its first instruction began a block: calls, and jumps back to it. 0 in user space. */
  readonly calls: number;
}

/** Direct calls of one function in another one, tail calls included; those through pointers are not known. */
export interface CallCount {
  readonly caller: string;
  readonly callee: string;
  readonly count: number;
}

/** The whole window of a trial, both ends and the kernel, by function. */
export interface TrialExplanation {
  readonly window: number;
  readonly requests: number;
  /** Of the instruction clock. */
  readonly instructions: number;
  /** Of the plugin; to be compared with `instructions`. */
  readonly counted: number;
  /** Counted in blocks that were left before their end: how much too high `counted` can be at most. */
  readonly leftEarly: number;
  /** Of the kernel and of user space, the most instructions first. */
  readonly functions: readonly FunctionCount[];
  /** Within the kernel. */
  readonly calls: readonly CallCount[];
}

/**
 * Adds the blocks of a window up by function: a block belongs to the function that it begins in. Only hand-written
 * entry code runs on from one function into the next within a block (0.8 % of a request, of one subsystem).
 * Throws `PluginOutputError` where the window is not there or not whole.
 */
export function explainTrial(counts: TrialCounts): TrialExplanation {
  const blocks = parseWindow(counts.pluginOutput, counts.window);
  const apart = blocks.some(({ address }) => isAgentText(address));
  const functions = new Map<string, { instructions: number; calls: number }>();
  let counted = 0;
  let leftEarly = 0;
  for (const block of blocks) {
    const executed = block.entered * block.instructions;
    counted += executed;
    leftEarly += block.leftEarly * block.instructions;
    const { name, begins } = isOfUser(block)
      ? { name: userFunctionAt(block.address, apart), begins: false }
      : functionAt(counts.symbols, block.address);
    const sum = functions.get(name) ?? { instructions: 0, calls: 0 };
    sum.instructions += executed;
    if (begins) sum.calls += block.entered;
    functions.set(name, sum);
  }
  return {
    window: counts.window,
    requests: counts.accountedRequests,
    instructions: counts.instructions,
    counted,
    leftEarly,
    functions: [...functions]
      .map(([name, sum]) => ({ name, ...sum }))
      .sort((a, b) => b.instructions - a.instructions || (a.name < b.name ? -1 : 1)),
    calls: callsIn(blocks, counts.symbols),
  };
}

function isOfUser({ address }: CountedBlock): boolean {
  return address < USER_SPACE_END;
}

function callsIn(blocks: readonly CountedBlock[], symbols: KernelSymbols): CallCount[] {
  const calls = new Map<string, CallCount>();
  for (const block of blocks) {
    const count = block.entered - block.leftEarly;
    if (isOfUser(block) || block.callee < USER_SPACE_END || count === 0) continue;
    const { name: caller } = functionAt(symbols, block.address);
    const { name: callee, begins } = functionAt(symbols, block.callee);
    if (!begins || caller === callee) continue;
    const key = `${caller} ${callee}`;
    calls.set(key, { caller, callee, count: count + (calls.get(key)?.count ?? 0) });
  }
  return [...calls.values()].sort((a, b) => b.count - a.count || (a.callee < b.callee ? -1 : 1));
}
