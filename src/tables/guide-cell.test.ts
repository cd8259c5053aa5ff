import { describe, expect, test } from 'vitest';
import { findRow, guideRun, mergeCells, SHAPES } from '../claims/evidence.ts';
import type { GuideCell } from '../claims/guide-schema.ts';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import type { RunResult, TrialResult } from '../results/schema.ts';
import type { Workload } from '../workloads/schema.ts';
import { cellValue } from './guide-cell.ts';

const base = fixtureGuideRun();

function changed(change: Partial<RunResult>): RunResult {
  return { ...base, ...change };
}

function withRecord(change: Partial<RunResult['record']>): RunResult {
  return changed({ record: { ...base.record, ...change } });
}

function withSettings(change: Partial<RunResult['record']['settings']>): RunResult {
  return withRecord({ settings: { ...base.record.settings, ...change } });
}

function withoutWorkload(id: string): RunResult {
  const { settings } = base.record;
  return withSettings({ workloads: settings.workloads.filter((workload) => workload.id !== id) });
}

function withoutModel(id: string): RunResult {
  const others = ({ model }: { readonly model: string }) => model !== id;
  const { cells, settings } = base.record;
  return {
    ...withRecord({
      cells: cells.filter(others),
      settings: { ...settings, entries: settings.entries.filter(others) },
    }),
    trials: base.trials.filter(others),
  };
}

function trialsOf(model: string, change: (trial: TrialResult) => TrialResult[]): RunResult {
  return changed({
    trials: base.trials.flatMap((trial) => (trial.model === model ? change(trial) : [trial])),
  });
}

function failed(trial: TrialResult): TrialResult[] {
  if (trial.status !== 'measured') return [];
  const { observation: _, ...rest } = trial;
  return [{ ...rest, status: 'failed', stage: 'load', message: 'the server ended with SIGKILL' }];
}

describe('A row under a load', () => {
  test('is found by the shape of the load, under any name of the workload', () => {
    const workloads = base.record.settings.workloads.map(
      (workload): Workload => (workload.id === 'c10k' ? { ...workload, id: 'mine' } : workload),
    );
    const cells = base.record.cells.map((cell) =>
      cell.workload === 'c10k' ? { ...cell, workload: 'mine' } : cell,
    );
    const trials = base.trials.map((trial) =>
      trial.workload === 'c10k' ? { ...trial, workload: 'mine' } : trial,
    );
    const renamed = {
      ...withRecord({ cells, settings: { ...base.record.settings, workloads } }),
      trials,
    };
    expect(findRow(guideRun(renamed), 'poll', SHAPES.example)).toMatchObject({
      status: 'found',
      row: { label: 'poll' },
      workload: { id: 'mine' },
    });
  });

  test('is not found where messages need several reads, or requests are pipelined', () => {
    for (const change of [{ messageBytes: 65_536 }, { depth: 16 }]) {
      const workloads = base.record.settings.workloads.map(
        (workload): Workload => (workload.mode === 'closed' ? { ...workload, ...change } : workload),
      );
      expect(findRow(guideRun(withSettings({ workloads })), 'poll', SHAPES.one)).toMatchObject({
        status: 'not-measured',
      });
    }
  });

  const cases: [title: string, result: RunResult, model: string, cell: Partial<GuideCell>][] = [
    [
      'a workload that is not in the run: the command that measures it',
      withoutWorkload('c10k'),
      'poll',
      { status: 'not-measured', why: 'not in this run: run --workloads c10k' },
    ],
    [
      'a model that is not in the run: the command that measures it',
      withoutModel('poll'),
      'poll',
      { status: 'not-measured', why: 'not in this run: run --models poll --workloads c10k' },
    ],
    [
      'trials that failed: why',
      trialsOf('poll', failed),
      'poll',
      { status: 'not-measured', why: 'all its trials failed: load: the server ended with SIGKILL' },
    ],
    [
      'a run that ended before',
      trialsOf('poll', () => []),
      'poll',
      { status: 'not-measured', why: 'the run ended before it' },
    ],
    [
      'a limit of this host, which is no fault of the kernel',
      withRecord({
        cells: base.record.cells.map((cell) =>
          cell.model === 'poll'
            ? { ...cell, skipReason: 'RLIMIT_NOFILE is 1024; raise it with ulimit -n' }
            : cell,
        ),
      }),
      'poll',
      { status: 'not-measured', why: 'RLIMIT_NOFILE is 1024; raise it with ulimit -n' },
    ],
    [
      'a program that cannot hold so many connections',
      base,
      'select',
      { status: 'not-here', what: 'kernel/program', why: 'holds at most 1016 connections' },
    ],
    [
      'the same where nobody asked for it: no command would measure it',
      withoutWorkload('c10k'),
      'select',
      { status: 'not-here', what: 'kernel/program', why: 'holds at most 1016 connections' },
    ],
    [
      'a kernel that has it not, in the words of the probe',
      withRecord({
        support: [
          {
            model: 'io_uring',
            supported: false,
            reason: 'io_uring_setup: EPERM',
            features: [],
            connectionsMax: null,
            limitReason: null,
          },
        ],
      }),
      'io_uring',
      { status: 'not-here', what: 'kernel', why: 'io_uring_setup: EPERM' },
    ],
  ];
  test.each(cases)('%s', (_title, result, model, cell) => {
    expect(findRow(guideRun(result), model, SHAPES.example)).toEqual(cell);
  });
});

test('A cell tells its state in words that cannot be mistaken for each other', () => {
  const cells: GuideCell[] = [
    { status: 'documented', text: 'since 5.19', source: 'accept(2)', here: null },
    { status: 'documented', text: '5.1', source: 'io_uring(7)', here: 'runs here, on 6.12' },
    { status: 'not-measured', why: 'run --audit' },
    { status: 'not-here', what: 'kernel', why: 'ENOSYS' },
  ];
  expect(cells.map((cell) => cellValue(cell))).toMatchObject([
    { text: 'documented: since 5.19 [accept(2)]' },
    { text: 'documented: 5.1 [io_uring(7)]; runs here, on 6.12' },
    { text: 'not measured (run --audit)' },
    { text: 'not on this kernel (ENOSYS)' },
  ]);
  expect(cellValue({ status: 'measured', findings: [] })).toEqual({ kind: 'findings', findings: [] });
});

test('Cells become one: what was measured of them, else the first reason', () => {
  const none: GuideCell = { status: 'not-measured', why: 'first' };
  const other: GuideCell = { status: 'not-here', what: 'kernel', why: 'second' };
  const some: GuideCell = { status: 'measured', findings: [{ about: 'poll', figures: [] }] };
  expect(mergeCells([none, some, some])).toMatchObject({
    status: 'measured',
    findings: [{ about: 'poll' }, { about: 'poll' }],
  });
  expect(mergeCells([none, other])).toBe(none);
});
