import { UsageError } from '../util/errors.ts';

const UNITS_MS = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

/**
 * `7d`, `12h`, `2w` before now, or a date such as 2026-01-31 or 2026-01-31T08:00:00Z, in UTC: as ms since 1970.
 * Throws `UsageError`.
 */
export function parseSince(text: string, nowMs: number): number {
  const back = /^(\d+)([hdw])$/.exec(text);
  if (back) return nowMs - Number(back[1]) * UNITS_MS[back[2] as keyof typeof UNITS_MS];
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z)?$/.test(text);
  const ms = isDate ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new UsageError(
      `--since ${text}: must be a date such as 2026-01-31 or 2026-01-31T08:00:00Z, or a time back from now such as 12h, 7d or 2w`,
    );
  return ms;
}
