import { UsageError } from '../util/errors.ts';
import type { Workload } from '../workloads/schema.ts';
import { type LoadFlags, workloadsOfFlags } from './load-flags.ts';
import { unknown } from './selection.ts';

const KEYS = [
  'connections',
  'active',
  'depth',
  'message',
  'rate',
  'arrivals',
] as const satisfies readonly (keyof LoadFlags)[];

const EXAMPLE = 'connections=5000,active=1%,message=64';

/**
 * A case of `recommend --for`, such as `connections=5000,active=1%,message=64`, as the load that it says: what is not said is as with
 * `run --connections` (all active, one in flight, 64 B). Throws `UsageError` with every problem at once.
 */
export function parseCase(text: string): Workload {
  const flags: Record<string, string> = {};
  const problems: string[] = [];
  for (const part of text.split(',').map((item) => item.trim())) {
    const at = part.indexOf('=');
    const key = part.slice(0, Math.max(0, at)).trim();
    const value = part.slice(at + 1).trim();
    if (part === '' || at < 0 || value === '')
      problems.push(`--for ${part === '' ? '(empty)' : part}: must be key=value, as in ${EXAMPLE}`);
    else if (!KEYS.some((known) => known === key))
      problems.push(`--for ${part}: ${unknown(key, KEYS, 'key')}`);
    else if (key in flags) problems.push(`--for ${part}: ${key} is there twice`);
    else flags[key] = value;
  }
  if (problems.length === 0 && flags.connections === undefined)
    problems.push(`--for ${text}: says no connections, as in ${EXAMPLE}`);
  const own: string[] = [];
  const [workload] = problems.length > 0 ? [] : workloadsOfFlags(flags, own);
  // The options of run are keys here.
  problems.push(...own.map((problem) => `--for ${problem.replaceAll(/--(\w+) /g, '$1=')}`));
  if (workload === undefined || problems.length > 0) throw new UsageError(problems);
  return workload;
}
