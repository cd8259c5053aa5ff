import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Clocks, Machine } from '../../boots/boot-run.ts';
import { type ExplainMeans, SymbolStore } from '../../boots/explain-boot.ts';
import { buildFor, withInitramfs } from '../../boots/series.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { buildPlugin } from '../../build/plugin.ts';
import { KERNELS_DEFAULTS, type KernelsConfig } from '../../config/kernels-config.ts';
import { resolveKernel } from '../../kernels/resolve.ts';
import type { Kernel } from '../../kernels/schema.ts';
import { probeKvm } from '../../place/guest/kvm.ts';
import { findQemu, type Qemu } from '../../place/guest/qemu.ts';
import { EnvironmentError, InterruptedError, UsageError } from '../../util/errors.ts';

/** The options of every command that boots guests. */
export interface GuestOptions {
  readonly qemu?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly jobs?: string;
  readonly results: string;
}

/** The clocks of this host. */
export const CLOCKS_HERE: Clocks = {
  now: () => new Date().toISOString(),
  monotonicMs: () => performance.now(),
};

/** Adds `--cpu`, `--memory`, `--qemu` and `--jobs`. */
export function guestOptions(command: Command): Command {
  return command
    .option('--cpu <model>', `what QEMU emulates, as its -cpu (default: ${KERNELS_DEFAULTS.cpu})`)
    .option('--memory <size>', 'of a guest, such as 2G (default: enough for the connections)')
    .option('--qemu <path>', 'QEMU 10 or newer (default: of PATH, or what kernels get qemu fetched)')
    .option('--jobs <n>', 'guests at once (default: the CPUs that this process may use)');
}

/** `--kernel`, which may be repeated. */
export function kernelOption(description: string): Option {
  return new Option(
    '--kernel <what>',
    `an image (vmlinuz), a folder that holds one, a release or its beginning (see kernels list), or host; ${description}`,
  )
    .argParser((value: string, all: readonly string[]) => [...all, value])
    .default([]);
}

/** What counts instructions by function; null, with a line on stderr, where QEMU or the compiler cannot. */
export async function explainMeans(machine: Machine, signal: AbortSignal): Promise<ExplainMeans | null> {
  const cannot = (why: string) => {
    process.stderr.write(`warning: nothing will be explained by function: ${why}\n`);
    return null;
  };
  if (machine.clock !== 'icount') return cannot(`clock ${machine.clock} counts no instructions`);
  if (!machine.qemu.plugins) return cannot(`${machine.qemu.path} loads no plugins`);
  try {
    const pluginPath = await buildPlugin({ sourceDir: HELPERS_DIR, signal });
    return { pluginPath, folder: dirname(machine.initramfs), symbols: new SymbolStore() };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return cannot(error.message);
  }
}

/** In the order in which they are named, which is the order of the tables. */
export async function resolveKernels(specs: readonly string[]): Promise<readonly Kernel[]> {
  const kernels: Kernel[] = [];
  for (const spec of specs) kernels.push(await resolveKernel(spec));
  const twice = kernels.find(({ path }, i) => kernels.findIndex((other) => other.path === path) !== i);
  if (twice !== undefined)
    throw new UsageError(`${twice.path} is named twice; --boots says how often a kernel is booted`);
  return kernels;
}

/** Compiles what guests run, for as long as `work` takes. What an abort ends is an `InterruptedError`. */
export async function withMachine<T>(
  { settings, cpu, memoryMb, clock }: Pick<KernelsConfig, 'settings' | 'cpu' | 'memoryMb' | 'clock'>,
  { qemu: named, results }: Pick<GuestOptions, 'qemu' | 'results'>,
  signal: AbortSignal,
  work: (machine: Machine) => Promise<T>,
): Promise<T> {
  try {
    const qemu = await findQemu({ ...(named === undefined ? {} : { qemu: named }), signal });
    requireClock(clock, qemu);
    const programs = await buildFor(
      settings.entries.map(({ model }) => model),
      signal,
    );
    return await withInitramfs(programs, (initramfs) =>
      work({ qemu, cpu, memoryMb, clock, initramfs, programs }),
    );
  } catch (error) {
    if (signal.aborted) throw new InterruptedError(`interrupted; what was measured is in ${results}`);
    throw error;
  }
}

function requireClock(clock: Machine['clock'], qemu: Qemu): void {
  if (clock === 'kvm' && !qemu.accelerators.includes('kvm'))
    throw new EnvironmentError(`--clock kvm: ${qemu.path} was built without KVM`);
}

/** Boots a kernel under KVM, where that is the clock. Throws `EnvironmentError` where KVM does not really run it. */
export async function requireKvm(machine: Machine, kernel: Kernel, signal: AbortSignal): Promise<void> {
  const { clock, qemu, cpu, memoryMb, initramfs } = machine;
  if (clock !== 'kvm') return;
  const { usable, reason } = await probeKvm({
    ...{ qemu, cpu, memoryMb, initramfs, signal, smp: 1 },
    kernel: kernel.path,
    folder: join(dirname(initramfs), 'kvm'),
  });
  if (!usable)
    throw new EnvironmentError(`--clock kvm: KVM runs no guest here: ${reason}; --clock icount needs no KVM`);
}
