/** What a guest's clock counts: instructions, the host's time under KVM, or the host's time under emulation. */
export type GuestClock = 'icount' | 'kvm' | 'tcg';

/** A guest as QEMU's arguments tell it. */
export interface GuestMachine {
  /** Path of a vmlinuz. */
  readonly kernel: string;
  readonly initramfs: string;
  readonly clock: GuestClock;
  readonly smp: number;
  readonly memoryMb: number;
  /** `-cpu`, such as `max`. */
  readonly cpu: string;
  /** A TCG plugin, and the file that it is told to write to. */
  readonly plugin?: { readonly path: string; readonly output: string };
  /** Where what the kernel says goes. */
  readonly consolePath: string;
}

/** The descriptor that QEMU finds its control socket at. */
export const CONTROL_FD = 3;

/**
 * QEMU's arguments for a guest: the kernel's console (ttyS0) to a file, the agent's line (ttyS1) on QEMU's own
 * stdin and stdout, QMP on descriptor `CONTROL_FD`, no network, no disk, nothing of the host's.
 */
export function qemuArguments(machine: GuestMachine): string[] {
  const { kernel, initramfs, clock, smp, memoryMb, cpu, plugin, consolePath } = machine;
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-M', 'q35', '-cpu', cpu, '-m', `${memoryMb}M`, '-smp', String(smp)],
    ...CLOCK_ARGUMENTS[clock],
    ...['-kernel', kernel, '-initrd', initramfs, '-append', kernelCommandLine(clock)],
    ...['-chardev', `file,id=console,path=${escaped(consolePath)}`, '-serial', 'chardev:console'],
    ...['-chardev', 'stdio,id=agent,signal=off', '-serial', 'chardev:agent'],
    ...['-chardev', `socket,id=control,fd=${CONTROL_FD}`, '-mon', 'chardev=control,mode=control'],
    ...(plugin ? ['-plugin', `file=${escaped(plugin.path)},out=${escaped(plugin.output)}`] : []),
  ];
}

const CLOCK_ARGUMENTS: Readonly<Record<GuestClock, readonly string[]>> = {
  // One instruction is one nanosecond; where all vCPUs are idle the clock jumps to the next timer.
  icount: ['-accel', 'tcg,thread=single', '-icount', 'shift=0,sleep=off', '-rtc', 'clock=vm'],
  tcg: ['-accel', 'tcg,thread=multi'],
  kvm: ['-accel', 'kvm'],
};

/**
 * What the kernel is told. `earlyprintk` lets also what unpacks the kernel say what is wrong; `quiet` keeps the
 * console to what is (a line costs as much as a millisecond of booting), and self-tests of ciphers are a fifteenth of
 * it; `panic=-1` ends QEMU on a panic, with `-no-reboot`. The instruction clock needs the TSC told to be good: it has nothing to measure it against.
 */
export function kernelCommandLine(clock: GuestClock): string {
  return [
    ...[
      'console=ttyS0',
      'earlyprintk=ttyS0',
      'quiet',
      'panic=-1',
      'reboot=t',
      'nokaslr',
      'cryptomgr.notests',
    ],
    ...(clock === 'icount' ? ['clocksource=tsc', 'tsc=reliable'] : []),
  ].join(' ');
}

/** A comma parts the options of QEMU; two are one of a value. */
function escaped(value: string): string {
  return value.replaceAll(',', ',,');
}
