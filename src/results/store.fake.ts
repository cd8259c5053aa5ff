import type { Calibration, RunRecord, TrialResult } from './schema.ts';
import type { RunStore } from './store.ts';

/** What is about to be written; throw to make it fail. */
export type FakeWrite =
  | { readonly kind: 'record'; readonly record: RunRecord }
  | { readonly kind: 'trial'; readonly trial: TrialResult }
  | { readonly kind: 'calibration'; readonly calibration: Calibration }
  | { readonly kind: 'log'; readonly name: string; readonly text: string };

export interface FakeStore extends RunStore {
  /** Everything that was written, in order. */
  readonly written: FakeWrite[];
}

/** A store in memory. */
export function fakeStore(folder: string, beforeWrite: (write: FakeWrite) => void = () => {}): FakeStore {
  const written: FakeWrite[] = [];
  const add = async (write: FakeWrite) => {
    beforeWrite(write);
    written.push(write);
  };
  return {
    folder,
    written,
    saveRecord: (record) => add({ kind: 'record', record }),
    appendTrial: (trial) => add({ kind: 'trial', trial }),
    appendCalibration: (calibration) => add({ kind: 'calibration', calibration }),
    saveLog: (name, text) => add({ kind: 'log', name, text }),
  };
}
