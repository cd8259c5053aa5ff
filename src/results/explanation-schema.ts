import { z } from 'zod';
import type { ReadonlyDeep } from './readonly.ts';

export const EXPLANATION_SCHEMA_VERSION = 1;

const count = z.number().int().nonnegative();

/** `explain.json`, beside the trials of a run that counted its guest's blocks. */
export const explanationSchema = z
  .object({
    schemaVersion: z.literal(EXPLANATION_SCHEMA_VERSION),
    runId: z.string().describe('of the run that it explains'),
    kernel: z.string().describe('release of the guest that was counted'),
    qemu: z.string().describe('version of QEMU'),
    cpu: z.string().describe('its -cpu'),
    functions: z
      .array(z.string())
      .describe(
        "names of the kernel's functions, and in brackets those of programs in user space; trials refer to them by position",
      ),
    trials: z.array(
      z.object({
        label: z.string(),
        workload: z.string(),
        block: count,
        window: count.describe('of the boot, from 1'),
        requests: count.describe('answered in the window, those after the deadline included'),
        instructions: count.describe('that the instruction clock says passed in the window'),
        counted: count.describe('in blocks of user space and of the kernel; as many, unless the guest slept'),
        leftEarly: count.describe(
          'of these, in blocks that were left before their end: at most so many too many',
        ),
        counts: z
          .array(z.tuple([count, count, count]))
          .describe('position in functions, instructions executed in it, calls of it'),
        calls: z
          .array(z.tuple([count, count, count]))
          .describe('direct calls: position of the caller, of the callee, how often'),
      }),
    ),
  })
  .describe(
    'Where the instructions of a run went, by function: raw counts of whole windows. Divide by requests for ' +
      'instructions per request',
  );

/** Raw counts by function, trial by trial. */
export type Explanation = ReadonlyDeep<z.infer<typeof explanationSchema>>;
export type ExplainedTrial = Explanation['trials'][number];
