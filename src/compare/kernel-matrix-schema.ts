import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { guestSchema } from '../results/schema.ts';
import { changeSchema, comparisonSchema, verdictSchema } from './result.ts';

const count = z.number().int().nonnegative();

const matrixCellSchema = z
  .object({
    kernel: count.describe('which one, by its place among the kernels'),
    value: z
      .number()
      .nullable()
      .describe('guest instructions per request: the mean over boots of what is in the middle of each'),
    boots: count.describe('that have it'),
    modes: z
      .object({ low: z.number(), high: z.number(), highShare: z.number() })
      .nullable()
      .describe('where its trials fall into two groups with nothing in between; null: they do not'),
    change: changeSchema.nullable().describe('against the first kernel; null: of itself, or not compared'),
    verdict: verdictSchema.nullable(),
    reason: z.string().nullable().describe('why there is no value, or no verdict'),
  })
  .describe('one cell under one kernel');

const matrixRowSchema = z.object({
  label: z.string(),
  model: z.string(),
  workload: z.string(),
  cells: z.array(matrixCellSchema).describe('one for each kernel, in their order'),
});

const matrixKernelSchema = z.object({
  release: z.string(),
  build: z.string().describe('what uname -v says'),
  runs: z.array(z.string()).describe('run ids of its boots'),
  comparison: comparisonSchema.nullable().describe('with the first kernel; null: it is that one'),
});

export const kernelMatrixSchema = z
  .object({
    guest: guestSchema
      .pick({ clock: true, qemu: true, cpu: true, smp: true })
      .describe('what the numbers depend on'),
    kernels: z.array(matrixKernelSchema),
    rows: z.array(matrixRowSchema),
  })
  .describe('models and kernels, in guests with one number of CPUs');

export type KernelMatrix = ReadonlyDeep<z.infer<typeof kernelMatrixSchema>>;
export type MatrixCell = KernelMatrix['rows'][number]['cells'][number];
export type MatrixKernel = KernelMatrix['kernels'][number];
