import { expect, test } from 'vitest';
import { withHardware, withoutHardware } from '../fixtures/hardware.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { summarize } from '../summary/summarize.ts';
import { hardwareNotes } from './hardware-notes.ts';
import { workloadTable } from './workload-table.ts';

const RUN = fixtureRun();
const ALL = {
  instructionsUser: 'ENOENT',
  instructionsKernel: 'ENOENT',
  cycles: 'ENOENT',
  cacheMisses: 'ENOENT',
};

function headersOf(run: typeof RUN): string[] {
  const [workload] = summarize(run).workloads;
  if (workload === undefined) throw new Error('the fixture has a workload');
  return workloadTable(workload).columns.map(({ header }) => header.replace('\n', ' '));
}

test('A machine without counters is told of once, not in every row', () => {
  const notes = hardwareNotes(withoutHardware(RUN, ALL));
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(/^No hardware counters: .*ENOENT\)\.$/);
});

test('Where some events are refused, these are named, with what would allow them', () => {
  const refused = withoutHardware(RUN, { instructionsKernel: 'EACCES', cycles: 'EACCES' });
  const sysctls = { 'kernel.perf_event_paranoid': '2' };
  const environment = { ...refused.record.environment, sysctls };
  expect(hardwareNotes({ ...refused, record: { ...refused.record, environment } })).toEqual([
    'No instructions in the kernel, cycles: kernel.perf_event_paranoid=2 keeps them from a process without CAP_PERFMON (EACCES); to allow them: sudo sysctl -w kernel.perf_event_paranoid=1.',
  ]);
});

test('A run that has them, or did not ask for them, needs no note', () => {
  expect(hardwareNotes(withHardware(RUN))).toEqual([]);
  expect(hardwareNotes(RUN)).toEqual([]);
});

test('The table has columns of what was counted, and none without a number', () => {
  const columns = ['user instr.', 'kernel instr.', 'IPC', 'cache misses'];
  expect(headersOf(withHardware(RUN))).toEqual(expect.arrayContaining(columns));
  expect(headersOf(withoutHardware(RUN, ALL)).filter((header) => columns.includes(header))).toEqual([]);
  const users = headersOf(withHardware(RUN, { instructionsKernel: null, cycles: null }));
  expect(users.filter((header) => columns.includes(header))).toEqual(['user instr.', 'cache misses']);
});
