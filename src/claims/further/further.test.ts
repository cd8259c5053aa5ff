import { describe, expect, test } from 'vitest';
import { fixtureGuideRun } from '../../fixtures/guide.ts';
import { FURTHER, fixtureBeside, READINGS } from '../../fixtures/guide-evidence.ts';
import { findModel } from '../../models/registry.ts';
import { evidenceOf } from '../../tables/guide-summary.ts';
import { answerTable } from '../../tables/guide-table.ts';
import { guideRun } from '../evidence.ts';
import { type GuideEvidence, type Reading, read } from './reading.ts';
import { withMeasured } from './with-measured.ts';

const run = fixtureGuideRun();
const full = evidenceOf(guideRun(run), fixtureBeside());
const bare: GuideEvidence = { ...full, costs: null, probes: null };
const cellsWith = (evidence: typeof bare) =>
  FURTHER.flatMap((table) =>
    answerTable(table, evidence).rows.flatMap(({ id, here }) =>
      Object.entries(here).map(([key, cell]) => ({ name: `${table.id} ${id} ${key}`, cell })),
    ),
  );

describe('The further tables of the guide', () => {
  test('have rows of different names, with what the guide says and what answers in every column', () => {
    for (const { id, rows, guide, here } of FURTHER) {
      expect(new Set(rows.map((row) => row.id)).size, id).toBe(rows.length);
      for (const row of rows) {
        expect(Object.keys(row.guide).sort(), `${id} ${row.id}`).toEqual(guide.map(({ key }) => key).sort());
        expect(Object.keys(row.here).sort(), `${id} ${row.id}`).toEqual(here.map(({ key }) => key).sort());
      }
    }
  });

  test('name models of the registry', () => {
    const models = READINGS.flatMap((reading): readonly string[] => {
      switch (reading.kind) {
        case 'row':
        case 'standing':
        case 'held':
          return [reading.model];
        case 'crossing':
          return [reading.first, reading.second];
        case 'per-model':
        case 'idle-cost':
          return reading.models;
        case 'ratio':
          return [...reading.of, reading.base];
        default:
          return [];
      }
    });
    expect(models.length).toBeGreaterThan(10);
    expect(models.filter((model) => findModel(model) === undefined)).toEqual([]);
  });

  test('say of every empty cell which command fills it, and promise nothing for later', () => {
    for (const { name, cell } of cellsWith(bare)) {
      expect(JSON.stringify(cell), name).not.toMatch(/later/);
      if (cell.status === 'not-measured')
        expect(cell.why, name).toMatch(/\b(run|scale|costs|tables --probe|--server)\b|an opinion/);
    }
  });

  test('With costs and probes, only what nothing can time stays empty, and what the run lacks', () => {
    const empty = cellsWith(full).filter(({ cell }) => cell.status === 'not-measured');
    expect(empty.map(({ name, cell }) => `${name}: ${'why' in cell ? cell.why : ''}`)).toMatchInlineSnapshot(`
      [
        "glance sigio-rt one: not in this run: run --models sigio-rt --workloads ping-pong",
        "glance sigio-rt many: not in this run: run --models sigio-rt --workloads many-connections",
        "glance sigio-rt idle: run --models sigio-rt --workloads mostly-idle,many-connections shows the direction, scale --models sigio-rt the slope",
        "glance posix-aio one: not in this run: run --models posix-aio --workloads ping-pong",
        "glance posix-aio many: not in this run: run --models posix-aio --workloads many-connections",
        "glance posix-aio idle: run --models posix-aio --workloads mostly-idle,many-connections shows the direction, scale --models posix-aio the slope",
        "glance native-aio one: not in this run: run --models native-aio --workloads ping-pong",
        "glance native-aio many: not in this run: run --models native-aio --workloads many-connections",
        "glance native-aio idle: run --models native-aio --workloads mostly-idle,many-connections shows the direction, scale --models native-aio the slope",
        "breakdown validation here: not timed apart: costs --explain read-0 counts the instructions of each kernel function in a guest",
        "breakdown permission here: not timed apart: costs --explain read-0 counts the instructions of each kernel function in a guest",
        "breakdown preemption here: not timed apart: costs --explain read-0 counts the instructions of each kernel function in a guest",
        "tradeoffs cpu-bound here: an echo does no work between read and write; run --server measures a server that does",
        "tradeoffs debugging here: an opinion: nothing that runs tells",
      ]
    `);
  });
});

describe('A reading', () => {
  const costs = (status: 'measured' | 'unsupported' | 'failed') => ({
    costs: [
      status === 'measured'
        ? { id: 'x', status, ns: 95.2, lowNs: 94, highNs: 97, cycles: 238.4 }
        : { id: 'x', status, reason: 'no clock' },
    ],
    derived: [],
  });
  const cost: Reading = { kind: 'cost', id: 'x', name: 'a call', cycles: true };

  test('of a cost is its time with the interval, in cycles where asked for', () => {
    expect(read({ ...bare, costs: costs('measured') }, cost)).toEqual({
      status: 'measured',
      findings: [
        {
          about: 'a call',
          figures: [
            {
              name: '',
              value: { kind: 'estimate', value: 95.2, interval: { low: 94, high: 97 } },
              unit: 'ns',
            },
            { name: '', value: { kind: 'count', value: 238 }, unit: 'cycles' },
          ],
        },
      ],
    });
  });

  test.each([
    { costs: null, expected: { status: 'not-measured', why: 'costs' } },
    {
      costs: costs('unsupported'),
      expected: { status: 'not-here', what: 'host', why: 'x: no clock' },
    },
    { costs: costs('failed'), expected: { status: 'not-measured', why: 'costs: x failed: no clock' } },
    {
      costs: { costs: [], derived: [] },
      expected: { status: 'not-measured', why: 'costs: x is not in those that are stored' },
    },
  ])('of a cost that is not there is $expected', ({ costs: own, expected }) => {
    expect(read({ ...bare, costs: own }, cost)).toEqual(expected);
  });

  const seen: Reading = {
    kind: 'seen',
    probe: 'p',
    shows: [
      { value: 'yes', name: 'is so:' },
      { value: 'gone', name: 'is not told:' },
      { value: 'count', name: 'how many:', unit: 'events' },
    ],
  };

  test('of a probe is what it saw, without what it could not show', () => {
    const probes = [{ probe: 'p', outcome: 'observed' as const, values: { yes: true, count: 3 } }];
    expect(read({ ...bare, probes }, seen)).toEqual({
      status: 'measured',
      findings: [
        {
          about: '',
          figures: [
            { name: 'is so:', value: { kind: 'text', text: 'yes', tone: 'plain' }, unit: '' },
            { name: 'how many:', value: { kind: 'count', value: 3 }, unit: 'events' },
          ],
        },
      ],
    });
  });

  test.each([
    { probes: null, expected: { status: 'not-measured', why: 'tables --probe' } },
    {
      probes: [],
      expected: { status: 'not-measured', why: 'tables --probe: p is not in those that are stored' },
    },
    {
      probes: [{ probe: 'p', outcome: 'unsupported' as const, reason: 'EPERM', values: {} }],
      expected: { status: 'not-here', what: 'host', why: 'EPERM' },
    },
    {
      probes: [{ probe: 'p', outcome: 'failed' as const, reason: 'hung', values: {} }],
      expected: { status: 'not-measured', why: 'the probe p failed: hung' },
    },
    {
      probes: [{ probe: 'p', outcome: 'observed' as const, values: {} }],
      expected: { status: 'not-here', what: 'host', why: 'p cannot show it here' },
    },
  ])('of a probe that saw nothing is $expected', ({ probes, expected }) => {
    expect(read({ ...bare, probes }, seen)).toEqual(expected);
  });

  test('beside a fact keeps the fact: behind what was measured, or alone with what would measure it', () => {
    const fact = { kind: 'documented', text: 'so it is', source: 'x(2)' } as const;
    const reading = withMeasured(fact, cost);
    expect(read(bare, reading)).toEqual({
      status: 'documented',
      text: 'so it is',
      source: 'x(2)',
      here: 'not measured (costs)',
    });
    const cell = read({ ...bare, costs: costs('measured') }, reading);
    expect(cell.status === 'measured' ? cell.findings.at(-1)?.figures[0]?.value : null).toMatchObject({
      text: 'documented: so it is [x(2)]',
    });
  });

  test('of several says what is known, and what would tell the rest', () => {
    const cell = read({ ...bare, costs: costs('measured') }, { kind: 'several', of: [cost, seen] });
    expect(
      cell.status === 'measured' ? cell.findings.map(({ figures }) => figures[0]?.value) : null,
    ).toMatchObject([{ kind: 'estimate' }, { text: 'more: not measured (tables --probe)' }]);
  });
});
