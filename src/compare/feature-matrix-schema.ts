import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';

const cellSchema = z
  .object({
    available: z.boolean().nullable().describe('null: the boot of this kernel broke'),
    reason: z.string().nullable().describe('why it is not available, such as EINVAL; null: nothing tells'),
    uses: z.array(z.string()).describe('of a model: the features of the kernel that it uses there'),
  })
  .describe('a feature under a kernel');

export const featureMatrixSchema = z
  .object({
    guest: z.object({
      clock: z.literal('tcg'),
      qemu: z.string(),
      cpu: z.string(),
      smp: z.number().int().positive(),
      memoryMb: z.number().int().positive(),
    }),
    kernels: z.array(
      z.object({
        release: z.string(),
        image: z.string().describe('name of the file'),
        build: z.string().nullable().describe('as uname -v says; null: its boot broke'),
        problem: z.string().nullable().describe('why its boot broke; null: it did not'),
      }),
    ),
    groups: z
      .array(
        z.object({
          group: z.string(),
          counts: z
            .array(z.number().int().nonnegative().nullable())
            .describe('by kernel: how many of the kind it says that it knows; null: it does not say'),
          features: z.array(
            z.object({
              name: z.string(),
              same: z.boolean().describe('whether all kernels that were asked are alike'),
              cells: z.array(cellSchema).describe('by kernel'),
            }),
          ),
        }),
      )
      .describe('the first holds the models'),
  })
  .describe('what each kernel has of what models of I/O use');

export type FeatureMatrix = ReadonlyDeep<z.infer<typeof featureMatrixSchema>>;
export type FeatureCell = FeatureMatrix['groups'][number]['features'][number]['cells'][number];
