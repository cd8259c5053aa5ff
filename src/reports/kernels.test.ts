import { expect, test } from 'vitest';
import { kernelMatrices } from '../compare/kernel-matrix.ts';
import { fixtureBoots } from '../fixtures/guest.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { renderDocument } from '../render/terminal.ts';
import { kernelNames } from '../tables/kernels-table.ts';
import { kernelsReport } from './kernels.ts';

test('Kernels stand beside each other, the first by its path length, the others by their change', () => {
  const text = renderDocument(
    kernelsReport(kernelMatrices(fixtureBoots(fixtureRun())), { why: ['because'] }),
    {
      ...{ width: 140, color: false },
    },
  );
  expect(text).toContain('Kernels 6.12.1, 7.2.1');
  expect(text).toMatch(/clock icount.*QEMU 10\.0\.13/);
  expect(text).toMatch(/7\.2\.1 against 6\.12\.1, 1 CPU: regressed: instructions\/request \+10\.0 %/);
  expect(text).toMatch(/many-connections +epoll-lt +30,00\d +33,00\d +\+10\.0 % !/);
  expect(text).toContain('because');
});

test('Kernels are called by what tells them apart', () => {
  const names = (...releases: string[]) => kernelNames(releases.map((release) => ({ release })));
  expect(names('6.12.107+deb13-cloud-amd64', '7.3.4+deb13-cloud-amd64')).toEqual(['6.12.107', '7.3.4']);
  expect(names('6.12.1-a', '6.12.1-b')).toEqual(['6.12.1-a', '6.12.1-b']);
  expect(names('6.12.1-a', '6.12.1-a')).toEqual(['6.12.1', '6.12.1#2']);
  expect(names('custom')).toEqual(['custom']);
});
