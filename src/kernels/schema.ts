import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';

export const originSchema = z
  .object({
    asked: z.string().describe('what was asked for, such as debian:trixie'),
    packages: z.array(z.string()).describe('packages with their versions'),
    signed: z.boolean().describe('whether the signature of the archive was checked'),
  })
  .describe('where something in the store is from');
export type Origin = ReadonlyDeep<z.infer<typeof originSchema>>;

export const kernelSchema = z
  .object({
    release: z.string().describe('as its image names it: what uname -r says in the guest'),
    path: z.string().describe('of the image, absolute'),
    series: z.string().describe('such as 6.12'),
    package: z
      .string()
      .nullable()
      .describe("the distribution's, such as Debian 6.12.117-1; null: the image names none"),
    source: z.enum(['path', 'host', 'store']),
    running: z.boolean().describe('whether it is the image of the running kernel'),
  })
  .describe('a kernel that can be booted');
export type Kernel = ReadonlyDeep<z.infer<typeof kernelSchema>>;
export type KernelSource = Kernel['source'];

export const gotSchema = z.object({
  what: z.string().describe('as it was asked for'),
  release: z.string().nullable().describe('of a kernel'),
  version: z.string().describe('of QEMU, or of the package of a kernel'),
  path: z.string(),
  isNew: z.boolean().describe('false: it was in the store already'),
  origin: originSchema.nullable(),
});
