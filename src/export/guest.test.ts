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

  test.each(['influx', 'prometheus', 'openmetrics', 'bmf', 'github', 'gobench', 'cells-ndjson'])(
    'has no times in %s',
    (id) => {
      // Units that no line uses are named all the same.
      const text = textOf(id).replaceAll(/^Unit .*$/gm, '');
      expect(text).not.toMatch(/throughput_per|response_p\d|cpu_ns|cpu-ns|\bns\/op|responseP|p99/i);
    },
  );

  test('has no percentiles in hgrm', () => {
    expect(textOf('hgrm')).toBe('');
  });
});
