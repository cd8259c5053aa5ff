/**
 * ok: as it should be. info: nothing is wrong, but know it when you read the numbers. warning: the
 * numbers are worse than they could be. problem: something cannot be measured here.
 */
export type FindingStatus = 'ok' | 'info' | 'warning' | 'problem';

/** One thing that was looked at: what it is here, and what that means. */
export interface Finding {
  readonly id: string;
  readonly status: FindingStatus;
  readonly title: string;
  readonly value: string;
  /** What it means for the numbers. */
  readonly meaning: string;
  /** The exact command that would change it; null: nothing to change, or no command can. */
  readonly fix: string | null;
}

/** All but the id and the title, which belong to the check. */
export type Answer = Omit<Finding, 'id' | 'title'>;
