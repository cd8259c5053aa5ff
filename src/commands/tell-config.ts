import type { RunConfig } from '../config/run-config.ts';

/** On stderr, before anything is measured: what a user should know of how the options were taken. */
export function tellConfig({ warnings, notices }: Pick<RunConfig, 'warnings' | 'notices'>): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  for (const notice of notices) process.stderr.write(`notice: ${notice}\n`);
}
