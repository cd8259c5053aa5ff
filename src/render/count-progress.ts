import { performance } from 'node:perf_hooks';
import { SingleBar } from 'cli-progress';
import { formatWallTime } from '../document/format.ts';
import { type ProgressStream, progressLine } from './progress.ts';

/** Redraws per second: few, for what is measured is on the same machine. */
const FPS = 2;
const WIDTH_DEFAULT = 80;
/** Lines that are written where there is no terminal. */
const LINES = 4;

/** How many of a known number of things are done. */
export interface CountProgress {
  /** @param name of what is done now. */
  update(done: number, planned: number, name: string): void;
  /** Takes the bar away. May be called more than once. */
  stop(): void;
}

/**
 * On a terminal one line that is redrawn, elsewhere a line per quarter.
 *
 * @param what is counted, as `measurements`. @param nowMs a clock that never goes back.
 */
export function createCountProgress(
  stream: ProgressStream,
  what: string,
  nowMs: () => number = () => performance.now(),
): CountProgress {
  return stream.isTTY ? barProgress(stream, nowMs) : lineProgress(stream, what, nowMs);
}

function barProgress(stream: ProgressStream, nowMs: () => number): CountProgress {
  const startMs = nowMs();
  let state = { done: 0, planned: 0, name: '' };
  let drawn = false;
  const bar = new SingleBar({
    stream,
    fps: FPS,
    clearOnComplete: true,
    gracefulExit: false,
    format: () => {
      const { done, planned, name } = state;
      const known = { done, planned, blocks: 0, trial: null, completed: null, elapsedMs: nowMs() - startMs };
      const width = (stream.columns ?? WIDTH_DEFAULT) - 1;
      return `${progressLine(known, width - name.length - 2)}  ${name}`.slice(0, width);
    },
  });
  return {
    update: (done, planned, name) => {
      state = { done, planned, name };
      if (!drawn) bar.start(planned, done);
      drawn = true;
      bar.update(done);
    },
    stop: () => {
      if (drawn) bar.stop();
      drawn = false;
    },
  };
}

function lineProgress(stream: ProgressStream, what: string, nowMs: () => number): CountProgress {
  const startMs = nowMs();
  let told = -1;
  return {
    update: (done, planned) => {
      const quarter = Math.floor((done / planned) * LINES);
      if (quarter === told) return;
      told = quarter;
      const left = ((nowMs() - startMs) / done) * (planned - done);
      const eta = done > 0 ? `, ETA ${formatWallTime(left, 's')}` : '';
      stream.write(`${done} of ${planned} ${what}${eta}\n`);
    },
    stop: () => {},
  };
}
