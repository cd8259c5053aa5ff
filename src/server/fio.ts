import { execa } from 'execa';
import { EnvironmentError, messageOf } from '../util/errors.ts';

const VERSION_TIMEOUT_MS = 20_000;
const HOW_TO_GET =
  'fio is not installed (Debian, Ubuntu: apt-get install fio; Fedora: dnf install fio; Alpine: apk add fio)';

/** What a job of fio printed. */
export interface FioOutput {
  readonly stdout: string;
  /** What went wrong, in its own words; null: nothing did. */
  readonly problem: string | null;
}

/** Such as `fio-3.33`. Throws `EnvironmentError` where there is none, with how to get it. */
export async function fioVersion(signal: AbortSignal): Promise<string> {
  const result = await execa('fio', ['--version'], {
    reject: false,
    stdin: 'ignore',
    timeout: VERSION_TIMEOUT_MS,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (result.exitCode === 0) return result.stdout.trim();
  throw new EnvironmentError(
    result.code === 'ENOENT'
      ? HOW_TO_GET
      : `fio --version failed: ${result.stderr?.trim() || messageOf(result)}`,
  );
}

/** Runs one job to its end. @param timeoutMs after which it is killed. */
export async function runFio(
  args: readonly string[],
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<FioOutput> {
  const result = await execa('fio', args, {
    reject: false,
    stdin: 'ignore',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  const { stdout, exitCode, timedOut, stderr } = result;
  if (exitCode === 0) return { stdout, problem: null };
  const said = (stderr?.trim() || stdout?.trim() || messageOf(result)).split('\n')[0] ?? '';
  return { stdout: stdout ?? '', problem: timedOut ? `it did not end within ${timeoutMs} ms` : said };
}
