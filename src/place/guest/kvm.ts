import { EnvironmentError } from '../../util/errors.ts';
import { bootGuest, type GuestOptions } from './boot.ts';
import { GuestError } from './failures.ts';

/** A boot under KVM takes a second or two; what interprets the guest instead takes hours. */
export const KVM_TIMEOUT_MS = 30_000;

export interface KvmProbe {
  readonly usable: boolean;
  /** Why not, in a line; of a usable one, what was tried. */
  readonly reason: string;
}

/**
 * Whether KVM really runs guests here: /dev/kvm that opens says nothing. Boots a kernel to the agent's hello under a
 * deadline. Rejects with the signal's reason where it is aborted, and with `GuestError` where the kernel is no image.
 */
export async function probeKvm(
  options: Omit<GuestOptions, 'clock' | 'plugin' | 'bootTimeoutMs'>,
): Promise<KvmProbe> {
  if (!options.qemu.accelerators.includes('kvm'))
    return { usable: false, reason: `${options.qemu.path} was built without KVM` };
  try {
    const guest = await bootGuest({ ...options, clock: 'kvm', bootTimeoutMs: KVM_TIMEOUT_MS });
    const { kernel } = guest.agent.hello;
    await guest.powerOff();
    return { usable: true, reason: `${kernel} booted under KVM and powered off` };
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof EnvironmentError)) throw error;
    if (error instanceof GuestError && OF_THE_IMAGE.includes(error.kind)) throw error;
    const [line = ''] = error.message.split('\n', 1);
    return { usable: false, reason: line.replace(/\. Its console: .*/, '') };
  }
}

/** Nothing was tried then. */
const OF_THE_IMAGE = ['not-an-image', 'wrong-architecture', 'truncated-image'];
