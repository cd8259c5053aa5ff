import { z } from 'zod';
import type { ReadonlyDeep } from '../../results/readonly.ts';

export const qemuSchema = z
  .object({
    path: z.string(),
    version: z.string().describe('such as 10.0.13'),
    accelerators: z.array(z.enum(['tcg', 'kvm'])),
    plugins: z.boolean().describe('whether it loads TCG plugins'),
  })
  .describe('QEMU for x86-64 guests, as asked about itself');

/** QEMU for x86-64 guests, as asked about itself. */
export type Qemu = ReadonlyDeep<z.infer<typeof qemuSchema>>;
export type Accelerator = Qemu['accelerators'][number];
