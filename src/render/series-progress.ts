import { performance } from 'node:perf_hooks';
import type { SeriesBoot, SeriesListener } from '../boots/series.ts';
import { formatWallTime } from '../document/format.ts';
import { counted } from '../util/units.ts';

/** A line per boot that begins or ends, and per trial that fails. */
export function createSeriesProgress(
  stream: NodeJS.WritableStream,
  nowMs: () => number = () => performance.now(),
): SeriesListener {
  const startMs = nowMs();
  const begun = new Map<
    SeriesBoot,
    { readonly atMs: number; readonly number: number; readonly of: number }
  >();
  const log = (line: string) => void stream.write(`${line}\n`);
  let ended = 0;
  return {
    bootStarted: (boot, number, of) => {
      begun.set(boot, { atMs: nowMs(), number, of });
      log(`boot ${number} of ${of}: ${nameOf(boot)}`);
    },
    trialEnded: (boot, result) => {
      if (result.status === 'failed')
        log(
          `trial failed: ${nameOf(boot)}: ${result.label} under ${result.workload}: ${result.stage}: ${result.message}`,
        );
    },
    bootEnded: (boot, outcome) => {
      ended++;
      const { atMs, number, of } = begun.get(boot) ?? { atMs: startMs, number: ended, of: ended };
      if ('error' in outcome) {
        log(`boot ${number} of ${of} broke: ${nameOf(boot)}: ${outcome.error.message}`);
        return;
      }
      const left = ((nowMs() - startMs) / ended) * (of - ended);
      const eta = ended < of ? `, ETA ${formatWallTime(left, 's')}` : '';
      if (outcome.unexplained !== null) log(`boot ${number} of ${of}: ${outcome.unexplained}`);
      const trials = outcome.result.trials.length;
      log(
        `boot ${number} of ${of} done: ${counted(trials, 'trial')} in ${formatWallTime(nowMs() - atMs, 's')}, stored as ${outcome.runId}${eta}`,
      );
    },
  };
}

function nameOf({ kernel, smp, boot }: SeriesBoot): string {
  return `Linux ${kernel.release}, ${counted(smp, 'CPU')}, boot ${boot + 1}`;
}
