import { z } from 'zod';
import { documentFindingSchema } from '../document/document-schema.ts';
import type { ReadonlyDeep } from '../results/readonly.ts';

export const findingSchema = z
  .object({ id: z.string(), ...documentFindingSchema.shape })
  .describe('one thing that was looked at: what it is here, and what that means');

export type Finding = ReadonlyDeep<z.infer<typeof findingSchema>>;
export type FindingStatus = Finding['status'];

/** All but the id and the title, which belong to the check. */
export type Answer = Omit<Finding, 'id' | 'title'>;
