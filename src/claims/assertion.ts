import type { ShapeId } from './evidence.ts';
import type { Documented } from './guide-schema.ts';

/**
 * What would answer a claim, as data: one checker for each kind (`checkers.ts`) makes an answer of it and a
 * stored run. Models are ids of the registry.
 */
export type Assertion =
  /** System calls per request of one model under a load; `limit` names what it cannot hold. */
  | {
      readonly kind: 'calls-per-request';
      readonly model: string;
      readonly load: ShapeId;
      readonly limit?: string;
    }
  /** Numbers of each model, with one active connection and with many. */
  | { readonly kind: 'per-model'; readonly models: readonly string[]; readonly figures: PerModelFigures }
  /** What idle connections add to a request: the slope of a sweep, or the direction of two workloads. */
  | { readonly kind: 'idle-cost'; readonly models: readonly string[] }
  /** One row beside another in every workload that has both; of a sweep, where fewest are idle. */
  | { readonly kind: 'ratio'; readonly of: readonly string[]; readonly base: string }
  /** How many connections one server held at once; `workload` would show many. */
  | { readonly kind: 'held'; readonly model: string; readonly workload: string }
  /** A fact from documentation; `runsHere`: with whether any of these models runs on this host. */
  | ({ readonly kind: 'documented'; readonly runsHere?: readonly string[] } & Documented)
  /** No run of servers can tell. */
  | { readonly kind: 'not-measured'; readonly why: string };

/** `wakeups`: calls and events of one; `cost`: calls and CPU; `cost-sqpoll`: and how much is the SQ thread's. */
export type PerModelFigures = 'wakeups' | 'cost' | 'cost-sqpoll';
