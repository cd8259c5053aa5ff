import { z } from 'zod';
import type { ReadonlyDeep } from '../results/readonly.ts';
import { SUBSYSTEMS } from './subsystems.ts';

const amount = z.number().nonnegative();

const pathFunctionSchema = z.object({
  name: z.string().describe('as in the source; in brackets: of a program in user space'),
  instructions: amount.describe('executed in it per request, not in what it calls'),
  calls: amount.describe('of it per request, and jumps back to its begin; 0 in user space'),
  callers: z
    .array(z.object({ name: z.string(), calls: amount }))
    .describe('who calls it directly, how often per request; calls through pointers are not known'),
  spread: amount.describe(
    'half the range of instructions over the trials: what it moves by where nothing was changed',
  ),
});

export const pathLengthSchema = z
  .object({
    label: z.string(),
    workload: z.string(),
    kernel: z.string(),
    trials: z.number().int().positive(),
    requests: z.number().int().positive(),
    instructions: amount.describe('per request, as counted'),
    clocked: amount.describe('per request, by the instruction clock'),
    leftEarly: amount.describe('per request, in blocks that were left early: at most so many too many'),
    functions: z.array(pathFunctionSchema).describe('the most instructions first'),
  })
  .describe('where the instructions of a request go, both ends of it together, in one cell');

const change = {
  before: amount.describe('instructions per request of the first side'),
  after: amount.describe('... of the second one'),
};

const groupChangeSchema = z.object({
  ...change,
  subsystem: z.enum(SUBSYSTEMS),
  relation: z
    .enum(['same', 'renamed', 'moved', 'appeared', 'vanished'])
    .describe(
      'same: one function, on both sides. renamed: their names say it. moved: likely, by amount, calls and ' +
        'subsystem: inlined, or taken out. appeared, vanished: nothing explains it',
    ),
  spread: amount.describe('how far both sides move where nothing was changed; a change of less says nothing'),
  members: z.array(
    z.object({
      name: z.string(),
      subsystem: z.enum(SUBSYSTEMS),
      before: pathFunctionSchema.nullable(),
      after: pathFunctionSchema.nullable(),
    }),
  ),
});

const subsystemChangeSchema = z.object({
  ...change,
  subsystem: z.enum(SUBSYSTEMS),
  groups: z.array(groupChangeSchema).describe('the largest change first, whatever its sign'),
});

export const pathDifferenceSchema = z
  .object({
    before: pathLengthSchema,
    after: pathLengthSchema,
    subsystems: z.array(subsystemChangeSchema).describe('the largest change first, whatever its sign'),
  })
  .describe('what makes the path of a request on one side another than on the other one');

/** A function on the path of a request. */
export type PathFunction = ReadonlyDeep<z.infer<typeof pathFunctionSchema>>;
export type PathLength = ReadonlyDeep<z.infer<typeof pathLengthSchema>>;
/** Functions that one difference is told for, with what they come to on both sides. */
export type GroupChange = ReadonlyDeep<z.infer<typeof groupChangeSchema>>;
export type SubsystemChange = ReadonlyDeep<z.infer<typeof subsystemChangeSchema>>;
export type PathDifference = ReadonlyDeep<z.infer<typeof pathDifferenceSchema>>;
/** A function on both sides; null: it is not executed there. */
export type FunctionChange = GroupChange['members'][number];
export type Relation = GroupChange['relation'];
