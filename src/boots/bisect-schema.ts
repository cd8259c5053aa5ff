import { z } from 'zod';
import { changeSchema } from '../compare/result.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { guestSchema } from '../results/schema.ts';

const kernelSchema = z.object({
  release: z.string(),
  image: z.string().describe('path of the kernel image'),
});

export const bisectSchema = z
  .object({
    label: z.string(),
    workload: z.string(),
    guest: guestSchema
      .pick({ clock: true, qemu: true, cpu: true, smp: true })
      .describe('what the numbers depend on'),
    detect: z.number().describe('a kernel is bad where its path is longer by more than this share'),
    good: z
      .object({
        kernel: kernelSchema,
        value: z
          .number()
          .nullable()
          .describe('guest instructions per request; null: nothing was compared with it'),
        boots: z.number().int().nonnegative(),
      })
      .describe('what the others are compared with'),
    judged: z
      .array(
        z.object({
          kernel: kernelSchema,
          judgement: z.enum(['good', 'bad', 'unknown']),
          base: z.number().nullable().describe('guest instructions per request of the good kernel'),
          value: z.number().nullable().describe('... and of this one'),
          change: changeSchema.nullable(),
          boots: z.number().int().nonnegative(),
          reason: z.string().nullable(),
        }),
      )
      .describe('in the order in which they were judged'),
    result: z
      .object({
        lastGood: kernelSchema,
        firstBad: kernelSchema,
        unknown: z.array(kernelSchema).describe('between the two: any of them may be the first bad one'),
      })
      .nullable()
      .describe('null: one image was judged, or nothing was found'),
  })
  .describe('a search for the first kernel under which the path of a request is longer');

export type BisectReport = ReadonlyDeep<z.infer<typeof bisectSchema>>;
