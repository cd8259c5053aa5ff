import { execa } from 'execa';
import { EnvironmentError } from '../util/errors.ts';
import { SERVER_EXIT } from './protocol.ts';

/** Far beyond what the largest file takes on a slow disk. */
const FILE_TIMEOUT_MS = 30 * 60_000;

/**
 * Runs a file program that makes or verifies a file and ends; the last line that it printed. Throws `EnvironmentError` with
 * what it said where it fails, such as for want of room.
 */
export async function runFileProgram(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const result = await execa(program, args, {
    reject: false,
    timeout: FILE_TIMEOUT_MS,
    stdin: 'ignore',
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (result.exitCode === SERVER_EXIT.served) return result.stdout.trim().split('\n').at(-1) ?? '';
  throw new EnvironmentError(result.stderr.trim() || result.message || `${program} ${args.join(' ')} failed`);
}
