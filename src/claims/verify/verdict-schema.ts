import { z } from 'zod';
import type { ReadonlyDeep } from '../../results/readonly.ts';

export const CLAIM_KINDS = ['measured', 'behaviour', 'static-fact', 'historical', 'recommendation'] as const;
export const VERDICTS = ['confirmed', 'refuted', 'depends', 'inconclusive', 'not testable here'] as const;
export const ASSERTION_KINDS = ['cost', 'ratio', 'count', 'growth', 'behaviour', 'fact', 'source'] as const;

const scalar = z.union([z.boolean(), z.number(), z.string()]);
const observed = z.union([scalar, z.array(scalar)]);

const basis = z
  .enum(['measured', 'observed', 'looked up', 'documented'])
  .describe(
    'measured: numbers with intervals. observed: what a probe saw happen. looked up: sizes, names and opcodes of this host. documented: the cited source says it, and nothing here was asked',
  );

const missingSchema = z
  .object({
    what: z.string().describe('such as cost read-0, or run --models poll --workloads c10k'),
    why: z.string(),
  })
  .describe('what would supply what is missing');

const evidenceSchema = z
  .object({
    name: z.string(),
    value: observed,
    interval: z
      .object({ low: z.number(), high: z.number() })
      .nullable()
      .describe('95 %; null: it is exact, or has none'),
    unit: z.string(),
    from: z.string().describe('a cost, a run with its cell, a probe, a document'),
  })
  .describe('a number or an observation that a verdict rests on');

export const outcomeSchema = z
  .object({
    result: z.enum(['confirmed', 'refuted', 'noise', 'missing']),
    kind: z.enum(ASSERTION_KINDS),
    basis,
    about: z.string().describe('the part of the claim, or the set-up, that it is about'),
    rule: z.string().describe('when it holds, in words'),
    evidence: z.array(evidenceSchema),
    precision: z
      .string()
      .nullable()
      .describe('of noise: which edge the value is not clear of, and what would decide'),
    missing: z.array(missingSchema),
  })
  .describe('what was observed says to one assertion of a claim');

export const verdictSchema = z
  .object({
    word: z.enum(VERDICTS),
    basis: basis.nullable().describe('the strongest of those that decided; null: nothing did'),
    because: z
      .string()
      .describe(
        'of depends: where it holds and where not; of inconclusive: the precision that is missing; of not testable here: all that is missing',
      ),
    missing: z.array(missingSchema),
  })
  .describe('what all assertions of a claim come to, by one rule');

export const verifiedSchema = z
  .object({
    id: z.string(),
    section: z.string(),
    kind: z.enum(CLAIM_KINDS),
    text: z.string().describe('a paraphrase of the guide, with its own words where they matter'),
    truth: z.string().describe('what holds by the source, whatever this host says'),
    source: z.string(),
    how: z.string().describe('the commands that supply what it needs, or the documents'),
    verdict: verdictSchema,
    outcomes: z.array(outcomeSchema),
  })
  .describe('a claim of the guide with what this host says to it');

/** What a probe may have observed. */
export type Scalar = z.infer<typeof scalar>;
export type Observed = ReadonlyDeep<z.infer<typeof observed>>;
export type ClaimKind = (typeof CLAIM_KINDS)[number];
export type VerdictWord = (typeof VERDICTS)[number];
/** What an assertion is decided by. */
export type Basis = z.infer<typeof basis>;
export type Missing = ReadonlyDeep<z.infer<typeof missingSchema>>;
export type Evidence = ReadonlyDeep<z.infer<typeof evidenceSchema>>;
export type Outcome = ReadonlyDeep<z.infer<typeof outcomeSchema>>;
export type Verdict = ReadonlyDeep<z.infer<typeof verdictSchema>>;
export type Verified = ReadonlyDeep<z.infer<typeof verifiedSchema>>;
