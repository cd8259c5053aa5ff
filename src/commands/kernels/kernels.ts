import type { Command } from 'commander';
import { KERNELS_COMMANDS } from './registry.ts';

/** `kernels <command>`: the same measurement under several kernels. */
export async function registerKernels(command: Command, signal: AbortSignal): Promise<void> {
  for (const { name, description, load } of KERNELS_COMMANDS)
    (await load())(command.command(name).description(description), signal);
}
