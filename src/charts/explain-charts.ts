import type { BarsChart } from '../document/chart-schema.ts';
import { groupName } from '../explain/explain-change.ts';
import type { PathDifference, PathLength } from '../explain/explain-schema.ts';
import { SUBSYSTEMS, subsystemOf } from '../explain/subsystems.ts';
import { sumOf } from '../stats/sums.ts';

const TOP = 15;
/** Less per request is never shown by itself. */
const SHOWN_FROM = 1;

const AXIS = { label: 'instructions per request', scale: 'linear', unit: 'count' } as const;

/** What makes a path longer or shorter: subsystems, and the functions that changed most. */
export function differenceChart({ before, after, subsystems }: PathDifference): BarsChart {
  const title = before.label === after.label ? after.label : `${before.label} → ${after.label}`;
  const groups = subsystems
    .flatMap((subsystem) => subsystem.groups)
    .map((group) => ({ group, change: group.after - group.before }));
  const most = groups
    .filter(({ group, change }) => Math.abs(change) >= Math.max(SHOWN_FROM, group.spread))
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change))
    .slice(0, TOP);
  return {
    kind: 'bars',
    title: `${title} under ${after.workload}: what makes the path longer (right) or shorter (left)`,
    says: `Linux ${before.kernel} → ${after.kernel}. Of functions the ${TOP} that changed most, by more than they move by themselves.`,
    x: { ...AXIS, label: 'instructions per request more or less' },
    markerName: '',
    groups: [
      {
        label: 'subsystems',
        bars: subsystems
          .map((one) => barOf(one.subsystem, one.after - one.before, ''))
          .filter(({ value }) => Math.abs(value) >= SHOWN_FROM),
      },
      {
        label: 'functions',
        bars: most.map(({ group, change }) =>
          barOf(groupName(group), change, `${group.subsystem}, ${group.relation}`),
        ),
      },
    ].filter(({ bars }) => bars.length > 0),
  };
}

/** Where the instructions of a request go. */
export function pathChart({ label, workload, kernel, functions }: PathLength): BarsChart {
  const bySubsystem = SUBSYSTEMS.map((subsystem) =>
    barOf(
      subsystem,
      sumOf(
        functions.filter(({ name }) => subsystemOf(name) === subsystem),
        (one) => one.instructions,
      ),
      '',
    ),
  );
  return {
    kind: 'bars',
    title: `${label} under ${workload}: where the instructions of a request go`,
    says: `Linux ${kernel}. Of functions the ${TOP} that execute most.`,
    x: AXIS,
    markerName: '',
    groups: [
      {
        label: 'subsystems',
        bars: bySubsystem.filter(({ value }) => value >= SHOWN_FROM).sort((a, b) => b.value - a.value),
      },
      {
        label: 'functions',
        bars: functions
          .slice(0, TOP)
          .map(({ name, instructions }) => barOf(name, instructions, subsystemOf(name))),
      },
    ],
  };
}

function barOf(label: string, value: number, note: string): BarsChart['groups'][number]['bars'][number] {
  return { label, value, marker: null, note };
}
