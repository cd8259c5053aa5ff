import type { Guest } from './schema.ts';

/**
 * Whether a guest's clock tells no time. Then nobody can be disturbed, and nobody is the limit: everybody waits for
 * everybody's instructions. Null: no guest.
 */
export function countsInstructions(guest: Pick<Guest, 'clock'> | null): boolean {
  return guest !== null && guest.clock !== 'kvm';
}
