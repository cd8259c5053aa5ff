/** One boot of one kernel. */
export interface PlannedBoot<K> {
  readonly kernel: K;
  readonly smp: number;
  /** Of this kernel with so many CPUs, from 0. */
  readonly boot: number;
}

export interface BootsAsked<K> {
  readonly kernels: readonly K[];
  readonly smps: readonly number[];
  readonly boots: number;
}

/**
 * Every kernel with every number of CPUs so many times. The order of the kernels turns around from boot to boot (A B,
 * B A, A B), so that whatever changes on the host while it goes on falls on all of them alike.
 */
export function planBoots<K>({ kernels, smps, boots }: BootsAsked<K>): readonly PlannedBoot<K>[] {
  return Array.from({ length: boots }, (_, boot) =>
    smps.flatMap((smp) =>
      (boot % 2 === 0 ? kernels : kernels.toReversed()).map((kernel) => ({ kernel, smp, boot })),
    ),
  ).flat();
}
