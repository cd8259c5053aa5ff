import { expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import type { RunRecord } from '../results/schema.ts';
import { differencesOf } from './environment.ts';

const run = fixtureRun();
const { environment, build, settings } = run.record;

function differences(change: Partial<RunRecord>) {
  return differencesOf([run], [{ ...run, record: { ...run.record, ...change } }]);
}

test('runs of the same place do not differ', () => {
  expect(differences({})).toEqual([]);
});
test.each([
  { what: 'kernel', effect: 'subject', change: { environment: { ...environment, kernel: '6.13.0' } } },
  {
    what: 'mitigation meltdown',
    effect: 'subject',
    change: {
      environment: { ...environment, mitigations: { ...environment.mitigations, meltdown: 'Vulnerable' } },
    },
  },
  {
    what: 'sysctl net.core.busy_poll',
    effect: 'subject',
    change: {
      environment: { ...environment, sysctls: { ...environment.sysctls, 'net.core.busy_poll': '50' } },
    },
  },
  { what: 'CPU', effect: 'refused', change: { environment: { ...environment, cpuModel: 'Other' } } },
  { what: 'governor', effect: 'refused', change: { environment: { ...environment, governor: 'powersave' } } },
  { what: 'memory', effect: 'noted', change: { environment: { ...environment, memoryBytes: 2 ** 33 } } },
  { what: 'compiler', effect: 'noted', change: { build: { ...build, compilerVersion: '14' } } },
  {
    what: 'compiler target',
    effect: 'noted',
    change: { build: { ...build, target: 'x86_64-linux-musl, musl' } },
  },
  { what: 'tool version', effect: 'noted', change: { tool: { name: 'iomodels-bench', version: '9.9.9' } } },
  { what: 'trial duration in ms', effect: 'refused', change: { settings: { ...settings, durationMs: 1 } } },
])('another $what is $effect', ({ what, effect, change }) => {
  expect(differences(change)).toEqual([expect.objectContaining({ what, effect })]);
});
test('what refuses a comparison comes first', () => {
  const other = { ...environment, kernel: '6.13.0', arch: 'arm64', container: 'lxc' };
  expect(differences({ environment: other }).map(({ effect }) => effect)).toEqual([
    'refused',
    'subject',
    'noted',
  ]);
});
test('memory that the kernel takes for itself is no difference', () => {
  expect(
    differences({ environment: { ...environment, memoryBytes: environment.memoryBytes - 1e6 } }),
  ).toEqual([]);
});

const asVariant = (name: string, ...prefix: string[]) => ({
  settings: {
    ...settings,
    entries: settings.entries.map((entry) => ({ ...entry, variant: { name, prefix } })),
  },
});
test('one name of a variant for two commands is refused, and two names are no difference', () => {
  const base = [{ ...run, record: { ...run.record, ...asVariant('x') } }];
  const against = (change: Partial<RunRecord>) =>
    differencesOf(base, [{ ...run, record: { ...run.record, ...change } }]);
  expect(against(asVariant('x', 'env', 'A=b c'))).toEqual([
    { what: 'variant x', effect: 'refused', base: 'the server as it is', current: "env 'A=b c'" },
  ]);
  expect(against(asVariant('x'))).toEqual([]);
  expect(against(asVariant('y', 'env'))).toEqual([]);
});
test('a side of which every trial failed does not differ in what its sockets used', () => {
  expect(differencesOf([run], [{ ...run, trials: [] }])).toEqual([]);
});
