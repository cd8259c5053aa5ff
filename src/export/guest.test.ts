import { describe, expect, test } from 'vitest';
import { exportInput } from '../fixtures/export-input.ts';
import { withGuest } from '../fixtures/guest.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { EXPORTERS } from './index.ts';

describe('A run of a guest that counts instructions', () => {
  const input = exportInput(withGuest(fixtureRun(), { smp: 2 }));
  const textOf = (id: string) =>
    EXPORTERS.find((one) => one.id === id)
      ?.write(input)
      .join('\n') ?? '';

  test.each(EXPORTERS.map(({ id }) => id).filter((id) => id !== 'hgrm'))('names its clock in %s', (id) => {
    expect(textOf(id)).toContain('icount');
  });

  test.each(['influx', 'prometheus', 'openmetrics', 'bmf', 'github', 'gobench', 'cells'])(
    'has no times in %s',
    (id) => {
      // Units that no line uses are named all the same.
      const text = textOf(id).replaceAll(/^Unit .*$/gm, '');
      expect(text).not.toMatch(
        /throughput_per|response_p\d|cpu_ns|cpu-ns|\bns\/op|responseP|p99|_seconds_total|(mean|max|p50)_seconds/i,
      );
    },
  );

  test('has no percentiles in hgrm, which says why', () => {
    expect(textOf('hgrm')).toBe('');
    expect(EXPORTERS.flatMap(({ id, lacks }) => (lacks?.(input) ? [id] : []))).toEqual(['hgrm']);
    expect(EXPORTERS.flatMap(({ lacks }) => lacks?.(exportInput()) ?? [])).toEqual([]);
  });

  test('has counts and no times in csv', () => {
    const [header = '', first = ''] = textOf('csv')
      .split('\n')
      .map((line) => line.replaceAll(/"[^"]*"/g, 'quoted'));
    const values = first.split(',');
    const filled = header.split(',').filter((_, i) => values[i] !== '');
    expect(filled).toContain('guest_instructions_per_request');
    expect(filled).toContain('syscalls_per_request');
    // What a trial took of the host's time is one; of the guest there is none.
    expect(filled.filter((name) => /_ns\b|_per_s$|_share$|cycles/.test(name))).toEqual([]);
  });

  test.each([
    { clock: 'tcg', counts: false },
    { clock: 'icount', counts: true },
  ] as const)('names $clock, and has path lengths: $counts', ({ clock, counts }) => {
    const text = (id: string) =>
      EXPORTERS.find((one) => one.id === id)
        ?.write(exportInput(withGuest(fixtureRun(), { clock })))
        .join('\n') ?? '';
    for (const id of ['influx', 'bmf', 'gobench', 'prometheus', 'cells']) {
      expect(text(id)).toContain(clock);
      expect(/guest.?instructions/i.test(text(id))).toBe(counts);
    }
  });
});

test('A run of this host has no clock of a guest', () => {
  for (const { id, write } of EXPORTERS.filter((one) => one.id !== 'csv' && one.id !== 'cells'))
    expect({
      id,
      named: write(exportInput()).some((text) => /icount|"?clock"?[=:] ?"[^"]/.test(text)),
    }).toEqual({
      id,
      named: false,
    });
});
