import { median } from 'simple-statistics';
import { type PairedRatio, pairedRatio } from '../stats/bootstrap.ts';
import type { CrosscheckCell } from './fio-job.ts';
import type { CrosscheckCellResult, CrosscheckSide, FioSide } from './result-schema.ts';

/** Both sides of a cell in one block. */
export interface CrosscheckSample {
  readonly block: number;
  readonly ours: CrosscheckSide;
  readonly fio: FioSide;
}

/**
 * What the blocks of a cell say together. fio's CPU is that of its whole process, so what a job of one operation takes is
 * taken off: the median over the blocks, for it moves by some percent.
 * @param samples at least one.
 */
export function compareCell(
  { model, workload, shape }: CrosscheckCell,
  samples: readonly CrosscheckSample[],
  options: { readonly seed: number; readonly fioOptions: readonly string[] },
): CrosscheckCellResult {
  const startCpuNs = median(samples.map(({ fio }) => fio.startCpuNs));
  const blocks = samples.map(({ ours, fio }) => ({
    ours: { cpu: ours.cpuNs / ours.operations, rate: ours.operationsPerS },
    fio: {
      cpu: Math.max(0, fio.cpuNs - startCpuNs) / fio.operations,
      rate: fio.operationsPerS,
      reported: fio.reportedCpuNs / fio.operations,
    },
  }));
  const middle = (pick: (block: (typeof blocks)[number]) => number) => median(blocks.map(pick));
  const ratioOf = (key: 'cpu' | 'rate') => {
    const pairs = blocks.map(({ ours, fio }) => ({ value: ours[key], baseline: fio[key] }));
    return told(pairedRatio(pairs, { seed: options.seed, comparisons: 1 }));
  };
  return {
    model: model.id,
    workload: workload.id,
    shape,
    fioOptions: [...options.fioOptions],
    blocks: blocks.length,
    ours: {
      cpuNsPerOperation: middle(({ ours }) => ours.cpu),
      operationsPerS: middle(({ ours }) => ours.rate),
    },
    fio: {
      cpuNsPerOperation: middle(({ fio }) => fio.cpu),
      reportedCpuNsPerOperation: middle(({ fio }) => fio.reported),
      operationsPerS: middle(({ fio }) => fio.rate),
    },
    cpu: ratioOf('cpu'),
    rate: ratioOf('rate'),
    samples: [...samples],
  };
}

function told({ ratio, interval }: PairedRatio): Pick<PairedRatio, 'ratio' | 'interval'> {
  return { ratio, interval };
}
