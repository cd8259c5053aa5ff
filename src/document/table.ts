import type { Value } from './value-schema.ts';

type Text = Extract<Value, { kind: 'text' }>;

/** Could not be measured. */
export const NONE = { kind: 'none' } as const satisfies Value;

export type Tone = NonNullable<Text['tone']>;

export function text(value: string, tone: Tone = 'plain'): Text {
  return { kind: 'text', text: value, tone };
}
