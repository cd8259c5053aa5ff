import { randomInt } from 'node:crypto';

/** Sorts by time and does not collide: `20260102-030405-1a2b`. @param now as ISO 8601. */
export function newRunId(now: string): string {
  const stamp = now.slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  return `${stamp}-${randomInt(0x10000).toString(16).padStart(4, '0')}`;
}
