import { listKernels, resolveKernel } from '../../kernels/resolve.ts';
import type { Kernel } from '../../kernels/schema.ts';
import { findQemu, type Qemu } from '../../place/guest/qemu.ts';
import { messageOf } from '../../util/errors.ts';

/** What a test needs to boot guests; `why`: it is not here. */
export type Machine =
  | { readonly qemu: Qemu; readonly kernels: readonly [Kernel, ...Kernel[]]; readonly why: null }
  | { readonly qemu: null; readonly kernels: readonly []; readonly why: string };

/**
 * QEMU of IOMODELS_QEMU, of PATH or of the store; kernels of IOMODELS_KERNELS (images, or folders that hold one,
 * separated by colons), of the host and of the store, in the order of their versions.
 */
export async function findMachine(env: NodeJS.ProcessEnv = process.env): Promise<Machine> {
  const missing = (why: string) => ({ qemu: null, kernels: [] as const, why });
  let qemu: Qemu;
  try {
    qemu = await findQemu(env.IOMODELS_QEMU ? { qemu: env.IOMODELS_QEMU } : {});
  } catch (error) {
    return missing(`guests need QEMU 10: ${messageOf(error)}`);
  }
  const specs = (env.IOMODELS_KERNELS ?? '').split(':').filter(Boolean);
  const kernels =
    specs.length > 0
      ? await Promise.all(specs.map((spec) => resolveKernel(spec)))
      : (await listKernels()).kernels;
  const [first, ...others] = kernels;
  if (first === undefined)
    return missing('guests need a kernel: iomodels-bench kernels get debian:trixie, or IOMODELS_KERNELS');
  return { qemu, kernels: [first, ...others], why: null };
}
