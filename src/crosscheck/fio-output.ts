import { z } from 'zod';
import { MS_PER_S, NS_PER_S } from '../util/units.ts';

const direction = z.object({ total_ios: z.number(), iops: z.number(), runtime: z.number() });

/** What is read of `fio --output-format=json` (3.x): one job. Percentages are of job_runtime, which is in ms. */
const outputSchema = z.object({
  'fio version': z.string(),
  jobs: z
    .array(
      z.object({
        error: z.number(),
        job_runtime: z.number(),
        usr_cpu: z.number(),
        sys_cpu: z.number(),
        read: direction,
        write: direction,
      }),
    )
    .length(1),
});

/** What fio reports of a job. */
export interface FioReport {
  readonly version: string;
  readonly operations: number;
  readonly operationsPerS: number;
  /** By its own account, which leaves out threads that are not its own. */
  readonly reportedCpuNs: number;
}

/** The report in what fio printed, which may say other things before it; or what is wrong with it. */
export function parseFioOutput(text: string): FioReport | { readonly problem: string } {
  const begin = text.indexOf('{\n');
  let json: unknown;
  try {
    json = JSON.parse(text.slice(Math.max(0, begin)));
  } catch {
    return { problem: 'it printed no JSON' };
  }
  const parsed = outputSchema.safeParse(json);
  if (!parsed.success) return { problem: `its JSON is not as expected: ${z.prettifyError(parsed.error)}` };
  const { jobs } = parsed.data;
  const [job] = jobs;
  if (job === undefined) return { problem: 'it reports no job' };
  if (job.error !== 0) return { problem: `its job failed with error ${job.error}` };
  const { total_ios, iops } = job.read.total_ios > 0 ? job.read : job.write;
  return {
    version: parsed.data['fio version'],
    operations: total_ios,
    operationsPerS: iops,
    reportedCpuNs: (((job.usr_cpu + job.sys_cpu) / 100) * job.job_runtime * NS_PER_S) / MS_PER_S,
  };
}
