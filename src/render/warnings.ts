import pc from 'picocolors';
import type { RenderOptions } from './table.ts';
import { wrap } from './wrap.ts';

/** Warnings, each once: the numbers stand, but these must be read with them. Empty without any. */
export function renderWarnings(warnings: readonly string[], options: RenderOptions): string {
  const yellow = pc.createColors(options.color).yellow;
  return [...new Set(warnings)]
    .flatMap((warning) => wrap(`warning: ${warning}`, options.width))
    .map((line) => yellow(line))
    .join('\n');
}
