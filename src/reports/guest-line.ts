import type { Clock, Guest } from '../results/schema.ts';
import { counted } from '../util/units.ts';

/** What a clock says. */
export const CLOCK_TEXTS: Readonly<Record<Clock, string>> = {
  icount: 'one instruction is one nanosecond',
  kvm: 'wall time',
  tcg: 'no number of it means anything',
};

/** What a guest's numbers depend on. */
export function guestLine({ clock, qemu, cpu, smp, boot }: Guest): string {
  return `guest · clock ${clock}: ${CLOCK_TEXTS[clock]} · QEMU ${qemu} · -cpu ${cpu} · ${counted(smp, 'CPU')} · boot ${boot + 1}`;
}
