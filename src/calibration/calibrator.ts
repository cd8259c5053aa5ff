import type { Calibration } from '../results/schema.ts';
import { EnvironmentError } from '../util/errors.ts';

/** Where to measure; null: not pinned. */
export interface CalibrationPlaces {
  readonly serverCpu: number | null;
  readonly clientCpu: number | null;
}

/** What single things cost on this machine now; see `calibrationSchema` for each. Nanoseconds. */
export type CalibrationReading = Pick<Calibration, 'spinNs' | 'syscallNs' | 'pingNs'>;

/** Measures what a machine costs without any I/O model. */
export interface Calibrator {
  /**
   * Takes less than 20 ms on a machine that is not overloaded. Rejects with `EnvironmentError` where it
   * cannot be measured.
   */
  measure(places: CalibrationPlaces): Promise<CalibrationReading>;
}

/** What is opened; where that is not possible, one that rejects with the reason whenever it is asked. */
export function calibratorOf(open: () => Calibrator): Calibrator {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return { measure: () => Promise.reject(error) };
  }
}
