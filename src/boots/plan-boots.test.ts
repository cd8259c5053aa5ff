import { expect, test } from 'vitest';
import { planBoots } from './plan-boots.ts';

test('The order of kernels turns around from boot to boot, with every number of CPUs', () => {
  const planned = planBoots({ kernels: ['A', 'B'], smps: [1, 2], boots: 2 });
  expect(planned.map(({ kernel, smp, boot }) => `${kernel}${smp}.${boot}`)).toEqual(
    'A1.0 B1.0 A2.0 B2.0 B1.1 A1.1 B2.1 A2.1'.split(' '),
  );
});

test('Every kernel is booted equally often', () => {
  const planned = planBoots({ kernels: ['A', 'B', 'C'], smps: [1], boots: 5 });
  for (const name of ['A', 'B', 'C'])
    expect(planned.filter(({ kernel }) => kernel === name).map(({ boot }) => boot)).toEqual([0, 1, 2, 3, 4]);
});
