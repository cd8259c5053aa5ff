import { expect, test } from 'vitest';
import { fixtureNoise } from '../fixtures/noise.ts';
import { fixtureRun } from '../fixtures/run.ts';
import { renderDocument } from '../render/terminal.ts';
import { noiseQuote, noiseReport } from './noise.ts';

test('A noise certificate says how often compare is wrong, and what it can see', () => {
  expect(
    renderDocument(noiseReport(fixtureNoise(), fixtureRun().record), { width: 120, color: false }),
  ).toMatchInlineSnapshot(`
    "Run 20250101-000000-fixture
    Linux 6.12.1 · 2 × Example CPU @ 2.50GHz · 4 GiB · in kvm, docker
    server on CPU 0 · client on CPU 1 · governor unknown · SMT off · clock tsc
    6 blocks of 300 ms trials after 80 ms warm-up · seed 42 · reference epoll-lt

    What compare says here: epoll-lt under many-connections, fixed-rate, 17 blocks a run
    judged                   equals:              equals:         5 % slower:         10 % slower:  of comparisons,
                        false alarms               passed           regressed            regressed      independent
    in pairs        1 of 40 [0-13 %]  36 of 40 [80-100 %]  33 of 40 [73-93 %]  40 of 40 [90-100 %]           40, 17
    by single runs  1 of 40 [0-13 %]  36 of 40 [80-100 %]  33 of 40 [73-93 %]  40 of 40 [90-100 %]            40, 3
      left out at 120 columns: equals: inconclusive, half-width of the interval over all cells
      Equals are blocks of an A/A run drawn again with their rows dealt anew, and equal runs of this host; slower ones are
      the same with CPU and response times multiplied. In brackets the 95 % interval of the share, of as many as are
      independent; in pairs, of what passes and is found, of a third.
      Three runs a side: not certified, fewer than seven equal runs of this host are stored with these settings."
  `);
});

test('A comparison quotes it, and says how to get one where there is none', () => {
  const { kernel } = fixtureRun().record.environment;
  expect(noiseQuote(fixtureNoise(), { kernel })).toMatchInlineSnapshot(
    `"Noise certificate 20250102-000000-equals: in pairs: equals called different 1 of 40 [0-13 %], 5 % found 33 of 40 [73-93 %], 10 % found 40 of 40 [90-100 %]; by single runs: equals called different 1 of 40 [0-13 %], 5 % found 33 of 40 [73-93 %], 10 % found 40 of 40 [90-100 %]."`,
  );
  expect(noiseQuote(fixtureNoise(), { kernel: '9.9.9' })).toContain(`under Linux ${kernel}`);
  expect(noiseQuote(null, { kernel })).toContain('iomodels-bench noise measures');
});
