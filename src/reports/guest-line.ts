import type { Clock, Guest } from '../results/schema.ts';
import { counted } from '../util/units.ts';

/** What a clock says. */
const CLOCK_TEXTS: Readonly<Record<Clock, string>> = {
  icount: 'one instruction is one nanosecond',
  kvm: 'wall time',
  tcg: 'no number of it means anything',
};

/** What the numbers of all guests of a kind depend on. */
export function kindLine({ clock, qemu, cpu }: Pick<Guest, 'clock' | 'qemu' | 'cpu'>): string {
  return `guests · ${machineText({ clock, qemu, cpu })}`;
}

function machineText({ clock, qemu, cpu }: Pick<Guest, 'clock' | 'qemu' | 'cpu'>): string {
  return `clock ${clock}: ${CLOCK_TEXTS[clock]} · QEMU ${qemu} · -cpu ${cpu}`;
}

/** What a guest's numbers depend on. */
export function guestLine({ smp, boot, ...guest }: Guest): string {
  return `guest · ${machineText(guest)} · ${counted(smp, 'CPU')} · boot ${boot + 1}`;
}
