import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';

const findingStatusSchema = z
  .enum(['ok', 'info', 'warning', 'problem'])
  .describe(
    'ok: as it should be. info: nothing is wrong, but know it when you read the numbers. warning: the ' +
      'numbers are worse than they could be. problem: something cannot be measured here',
  );

export const findingSchema = z
  .object({
    id: z.string(),
    status: findingStatusSchema,
    title: z.string(),
    value: z.string(),
    meaning: z.string().describe('for the numbers'),
    fix: z
      .string()
      .nullable()
      .describe('the exact command that would change it; null: nothing to change, or no command can'),
  })
  .describe('one thing that was looked at: what it is here, and what that means');

export type FindingStatus = z.infer<typeof findingStatusSchema>;
export type Finding = ReadonlyDeep<z.infer<typeof findingSchema>>;

/** All but the id and the title, which belong to the check. */
export type Answer = Omit<Finding, 'id' | 'title'>;
