import { spawnSync } from 'node:child_process';

const STRACE_TIMEOUT_MS = 10_000;

/** Null if strace can trace here; else a reason, ready to stand in a title. */
export function whyNoStrace(): string | null {
  const result = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], {
    encoding: 'utf8',
    timeout: STRACE_TIMEOUT_MS,
  });
  if (result.status === 0) return null;
  const reason = result.error?.message ?? result.stderr.trim();
  return ` (skipped: ${reason})`;
}
