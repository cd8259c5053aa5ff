import { z } from 'zod';
import { DOMAINS, PROFILES } from '../workloads/schema.ts';

const cache = z.enum(['warm', 'cold', 'direct']);

/** A load that a row with known mistakes does not echo correctly, and which of them is the reason. */
const unfitLoad = z.union([
  z.object({ mode: z.enum(['closed', 'open', 'churn']), reason: z.string() }).readonly(),
  z
    .object({
      connectionsOver: z.number().describe('the most connections at the same time that it serves'),
      reason: z.string(),
    })
    .readonly(),
  z
    .object({
      unansweredBytesOver: z.number().describe('depth x message of one connection'),
      reason: z.string(),
    })
    .readonly(),
  z
    .object({
      caches: z.array(cache).optional(),
      actions: z.array(z.enum(['read', 'write', 'append', 'synced'])).optional(),
      depthOver: z.number().optional(),
      reason: z.string(),
    })
    .readonly()
    .describe('operations on files of which all that is said holds'),
]);

export const modelSpecSchema = z
  .object({
    id: z.string().describe('what the user types; also the name in every output'),
    family: z.string(),
    domain: z.enum(DOMAINS).describe('what it does I/O on'),
    profile: z
      .enum([...PROFILES, 'guide'])
      .describe(
        "the least that takes it: quick rows are in a run of 20 seconds, these and default ones in a plain run, which ends within two minutes; full ones want --profile full or a name; guide rows, the guide's own samples with their mistakes, always want a name",
      ),
    program: z.string().describe('c-helpers/models/<program>.c, or c-helpers/files/<program>.c'),
    options: z.array(z.string()).readonly(),
    libs: z
      .array(z.string())
      .readonly()
      .describe('that the program is linked with beside those of every program, without -l'),
    packages: z
      .array(z.string())
      .readonly()
      .default([])
      .describe(
        'that have to be on the host for the program to be compiled, by the names of pkg-config; without them the row is skipped',
      ),
    title: z.string(),
    after: z
      .string()
      .nullable()
      .default(null)
      .describe(
        'the row of the same family that this one adds one step to; null: it is the first, or no step',
      ),
    notification: z
      .enum(['blocking', 'busy-poll', 'readiness', 'signal', 'completion', 'unknown'])
      .describe('how the program learns that I/O can be done or is done; unknown: it is not one of ours'),
    linuxMin: z
      .string()
      .describe('the kernel that introduced it, for people; whether it runs here is decided by the probe'),
    connectionsMax: z
      .number()
      .nullable()
      .describe("the most connections that the mechanism itself can hold; null: only the host's limits"),
    depthMax: z
      .number()
      .nullable()
      .default(null)
      .describe(
        'the most operations that a row of files has in flight, whatever the workload; null: as many',
      ),
    fio: z
      .array(z.string())
      .readonly()
      .nullable()
      .default(null)
      .describe('options of the job of fio that does the same; null: none does'),
    tasks: z
      .enum([
        'one',
        'one-and-kernel-thread',
        'per-connection',
        'per-operation',
        'process-per-connection',
        'workers',
      ])
      .describe(
        'that do the work: they bound how many CPUs the server can use at once. workers: one per server CPU',
      ),
    spins: z
      .boolean()
      .describe('it burns CPU while it waits, so a busy CPU does not prove that the server was the limit'),
    kernelThreads: z.boolean().describe('the kernel may run threads of its own for it: iou-sqp, iou-wrk'),
    unfit: z
      .array(unfitLoad)
      .readonly()
      .default([])
      .describe('loads that it is known not to echo correctly, or cannot do: their cells are skipped'),
    takesCaches: z
      .array(cache)
      .readonly()
      .nullable()
      .default(null)
      .describe(
        'of a row of files: the only workloads that it stands under, by their cache, where another row is the same model under the others; null: all',
      ),
    preflight: z
      .boolean()
      .default(true)
      .describe(
        'false: it is known to fail the echo check before a load; every byte of the load is verified',
      ),
    expectedFailures: z
      .array(z.string())
      .readonly()
      .default([])
      .describe(
        'the checks of the conformance suite that it fails, and what sanitizers report of it: these, and no others',
      ),
    sameCodeAs: z
      .string()
      .nullable()
      .default(null)
      .describe(
        'a row of the same program whose options run the same code with other numbers or flags: what sanitizers find of that one holds for this one',
      ),
    uncounted: z
      .array(z.string())
      .readonly()
      .describe(
        "system calls that libc makes for it, which the server cannot see; its file's header says why",
      ),
  })
  .readonly();
