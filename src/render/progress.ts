import { performance } from 'node:perf_hooks';
import { SingleBar } from 'cli-progress';
import stringWidth from 'string-width';
import { formatShare, formatSi, formatWallTime } from '../document/format.ts';
import type { LoadGenerator } from '../load/generator.ts';
import { describeDisagreement } from '../observe/audit.ts';
import type { Trial } from '../results/schema.ts';
import type { RunListener } from '../run.ts';
import { counted } from '../util/units.ts';

/** Redraws per second: enough to see life, too few to disturb what is measured. */
const FPS = 4;
const BAR_WIDTH = 20;
/** Where a narrower terminal has no room for a bar beside what says more. */
const BAR_TERMINAL_MIN = 100;
const WIDTH_DEFAULT = 80;

/** Tells how a run goes on, and takes lines that must not tear it. */
export interface Progress extends RunListener {
  log(line: string): void;
  /** Takes the bar away. May be called more than once, and before anything has started. */
  stop(): void;
}

/** Where progress goes; `process.stderr` is one. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** What is known while a run goes on. */
export interface ProgressState {
  readonly done: number;
  readonly planned: number;
  readonly blocks: number;
  readonly trial: Trial | null;
  /** Requests completed in the trial under way. */
  readonly completed: number | null;
  readonly elapsedMs: number;
}

/**
 * On a terminal one line that is redrawn, elsewhere a line per block.
 *
 * @param nowMs a clock that never goes back.
 */
export function createProgress(
  stream: ProgressStream,
  nowMs: () => number = () => performance.now(),
): Progress {
  return stream.isTTY ? barProgress(stream, nowMs) : lineProgress(stream, nowMs);
}

/** The line of a terminal, at most `width` columns: what matters less is left out first. */
export function progressLine(state: ProgressState, width: number): string {
  const { done, planned, trial, completed, blocks } = state;
  const share = planned > 0 ? Math.min(1, done / planned) : 0;
  const filled = Math.round(share * BAR_WIDTH);
  const parts = [
    ...(width < BAR_TERMINAL_MIN
      ? []
      : [{ text: `${'━'.repeat(filled)}${'─'.repeat(BAR_WIDTH - filled)}`, weight: 5 }]),
    { text: formatShare(share), weight: 0 },
    { text: `ETA ${eta(state)}`, weight: 1 },
    ...(trial === null ? [] : [{ text: `block ${trial.block + 1}/${blocks}`, weight: 3 }]),
    ...(trial === null ? [] : [{ text: `${trial.label} ${trial.workload}`, weight: 2 }]),
    ...(completed === null ? [] : [{ text: `${formatSi(completed)} requests`, weight: 4 }]),
  ];
  const join = (kept: typeof parts) => kept.map((part) => part.text).join('  ');
  let kept = parts;
  while (kept.length > 1 && stringWidth(join(kept)) > width) {
    const least = kept.reduce((a, b) => (b.weight > a.weight ? b : a));
    kept = kept.filter((part) => part !== least);
  }
  return join(kept);
}

/** Time left, if the trials to come take as long as those that were. */
function eta({ done, planned, elapsedMs }: ProgressState): string {
  return done === 0 ? '…' : formatWallTime((elapsedMs / done) * Math.max(0, planned - done), 's');
}

interface Tracker {
  readonly state: () => ProgressState;
  started(trial: Trial, done: number, planned: number, load: LoadGenerator): void;
  ended(): void;
  setBlocks(blocks: number): void;
}

function createTracker(nowMs: () => number): Tracker {
  const startMs = nowMs();
  let current: { trial: Trial; load: LoadGenerator } | null = null;
  let counts = { done: 0, planned: 0, blocks: 0 };
  return {
    state: () => ({
      ...counts,
      trial: current?.trial ?? null,
      completed: current?.load.progress()?.completed ?? null,
      elapsedMs: nowMs() - startMs,
    }),
    started: (trial, done, planned, load) => {
      current = { trial, load };
      counts = { ...counts, done, planned, blocks: Math.max(counts.blocks, trial.block + 1) };
    },
    ended: () => {
      current = null;
      counts = { ...counts, done: counts.done + 1 };
    },
    setBlocks: (blocks) => {
      counts = { ...counts, blocks };
    },
  };
}

function barProgress(stream: ProgressStream, nowMs: () => number): Progress {
  const tracker = createTracker(nowMs);
  const bar = new SingleBar({
    stream,
    fps: FPS,
    // The line shows requests and time, which go on while the count of trials stands.
    forceRedraw: true,
    clearOnComplete: true,
    // The conductor stops it in its own way.
    gracefulExit: false,
    format: () => progressLine(tracker.state(), (stream.columns ?? WIDTH_DEFAULT) - 1),
  });
  let drawn = false;
  const draw = () => {
    bar.start(tracker.state().planned, tracker.state().done);
    drawn = true;
  };
  const stop = () => {
    if (drawn) bar.stop();
    drawn = false;
  };
  const log = (line: string) => {
    const again = drawn;
    // The bar saves the position of the cursor when it starts: a line in between would shift it.
    stop();
    stream.write(`${line}\n`);
    if (again) draw();
  };
  return {
    log,
    stop,
    waiting: log,
    planned: (plan, folder) => {
      tracker.setBlocks(plan.settings.blocks);
      log(`saving to ${folder}`);
      draw();
    },
    trialStarted: (trial, done, planned, load) => {
      tracker.started(trial, done, planned, load);
      bar.update(done);
    },
    trialEnded: (result) => {
      tracker.ended();
      const failure = failureLine(result);
      if (failure !== null) log(failure);
    },
    blockEnded: (_block, blocks) => tracker.setBlocks(blocks),
    repeating: (_block, trials) => log(repeatLine(trials)),
  };
}

function lineProgress(stream: ProgressStream, nowMs: () => number): Progress {
  const tracker = createTracker(nowMs);
  const log = (line: string) => void stream.write(`${line}\n`);
  return {
    log,
    stop: () => {},
    waiting: log,
    planned: (plan, folder) => {
      const cells = plan.cells.filter((cell) => cell.skipReason === null).length;
      log(
        `measuring ${counted(cells, 'cell')} in ${counted(plan.settings.blocks, 'block')}, saving to ${folder}`,
      );
    },
    trialStarted: tracker.started,
    trialEnded: (result) => {
      tracker.ended();
      const failure = failureLine(result);
      if (failure !== null) log(failure);
    },
    blockEnded: (block, blocks) => {
      const state = tracker.state();
      const left = state.done < state.planned ? `, ETA ${eta(state)}` : '';
      log(`block ${block + 1} of ${blocks}: ${state.done} of ${counted(state.planned, 'trial')}${left}`);
    },
    repeating: (_block, trials) => log(repeatLine(trials)),
  };
}

function repeatLine(trials: number): string {
  return `measuring again what was contaminated, with what it is compared with: ${counted(trials, 'trial')}`;
}

function failureLine(result: Parameters<RunListener['trialEnded']>[0]): string | null {
  const where = `${result.label} under ${result.workload}, block ${result.block + 1}`;
  switch (result.status) {
    case 'measured':
    case 'counted':
      return null;
    case 'audited': {
      const { disagreements } = result.audit;
      if (disagreements.length === 0) return null;
      const found = disagreements.map((one) => describeDisagreement(one, result.counter));
      return `counts disagree: ${where}: ${found.join('; ')}`;
    }
    case 'failed':
      return `trial failed: ${where}: ${result.stage}: ${result.message}`;
  }
}
