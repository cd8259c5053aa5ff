import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { PROBES_PROGRAM } from '../build/probes.ts';
import type { Kernel } from '../kernels/schema.ts';
import type { bootGuest, Guest } from '../place/guest/boot.ts';
import { listProbes, type ProbesDoor, type ProbesProgress, runProbes } from '../probes/run-probes.ts';
import type { Observation, ProbeInfo } from '../probes/schema.ts';
import type { Environment } from '../results/schema.ts';
import { ANSWER_TIMEOUT_MS, bootIn, type Machine } from './boot-run.ts';
import { readGuestEnvironment } from './guest-environment.ts';
import { imageHash } from './series.ts';

/** Some behaviours are those of two CPUs. */
const SMP = 2;
/** A guest executes what its boot left to do. */
const SETTLE_MS = 5_000;
/** How much longer than the guest's own clock says the host may take: an instruction clock lags behind where much is executed. */
const HOST_TIMES = 20;

export interface ObserveRequest {
  readonly ids: readonly string[];
  /** Its programs hold `PROBES_PROGRAM`. */
  readonly machine: Machine;
  readonly kernel: Kernel;
  /** Of this one boot. */
  readonly bootId: string;
  /** For the console of a guest that breaks; nothing is left of one that does not. */
  readonly folder: string;
  readonly onProgress?: (progress: ProbesProgress) => void;
  readonly signal: AbortSignal;
}

export interface ObservedInGuest {
  readonly observations: readonly Observation[];
  readonly known: readonly ProbeInfo[];
  readonly environment: Environment;
}

/**
 * Boots a kernel and runs behaviour probes in it, one after the other. A probe that breaks is an observation; a guest that does is
 * a `GuestError`. Aborted, it rejects with the signal's reason.
 * @param boot how a guest is booted.
 */
export async function observeInGuest(
  { ids, machine, kernel, bootId, folder, onProgress, signal }: ObserveRequest,
  boot?: typeof bootGuest,
): Promise<ObservedInGuest> {
  const { clock, cpu, memoryMb } = machine;
  const guest = await bootIn({ machine, kernel: kernel.path, guest: { smp: SMP }, signal }, folder, boot);
  try {
    const read = await guest.within('what it says of itself', ANSWER_TIMEOUT_MS.least, async () => {
      await guest.agent.settle(SETTLE_MS, signal);
      return readGuestEnvironment(guest.agent, signal);
    });
    const door = doorOf(guest, signal);
    const known = await listProbes({ door });
    const observations = await runProbes({ ids, door, known, ...(onProgress ? { onProgress } : {}) });
    await guest.powerOff();
    await rm(dirname(folder), { recursive: true, force: true });
    const image = { image: basename(kernel.path), imageHash: await imageHash(kernel.path) };
    return {
      ...{ observations, known },
      environment: {
        ...read,
        guest: {
          ...{ clock, cpu, memoryMb, qemu: machine.qemu.version, smp: SMP, ...image },
          ...{ series: bootId, place: 0, boot: 0 },
        },
      },
    };
  } finally {
    await guest.kill();
  }
}

/** The program beside the agent, by whose clock it is timed. */
function doorOf(guest: Guest, signal: AbortSignal): ProbesDoor {
  return async (args, timeoutMs) => {
    const limitMs = ANSWER_TIMEOUT_MS.least + HOST_TIMES * timeoutMs;
    const {
      exitCode,
      signal: killed,
      stdout,
      stderr,
    } = await guest.within(`the probe ${args[0]}`, limitMs, () =>
      guest.agent.probe(PROBES_PROGRAM, args, { timeoutMs, signal }),
    );
    return {
      // It keeps its deadline itself; what is killed may have been out of memory as well.
      ...{ stdout, stderr, timedOut: false },
      how: killed === null ? `exit ${exitCode}` : `it was ended by ${killed}`,
    };
  };
}
