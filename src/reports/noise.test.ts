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

    Equals compared: epoll-lt under many-connections, fixed-rate, 7 blocks a side
    metric       threshold  false alarms,    false alarms,  inconclusive  half-width of  smallest change      in the
                                same time  one after other                 the interval             seen  worst cell
    CPU/request        5 %        1 of 40           0 of 2       8 of 40            3 %              6 %         6 %
    p99                5 %        0 of 40                -       8 of 40              -                -           -
      Same time: 20 times, the two rows of each model were dealt to two sides in every block; 1 of these comparisons had a
      false alarm in any cell.
      One after the other: the first half of the blocks against the second, 6 trials of a cell a side; no false alarm.
      Smallest change seen: what compare would call in 4 of 5 runs of 7 blocks, in the middle cell; it is never below the
      threshold."
  `);
});

test('A comparison quotes it, and says how to get one where there is none', () => {
  const { kernel } = fixtureRun().record.environment;
  expect(noiseQuote(fixtureNoise(), { kernel })).toMatchInlineSnapshot(
    `"Noise certificate 20250102-000000-equals: of 20 comparisons of equals, 7 blocks a side, 1 had a false alarm. Smallest change seen: CPU/request 6 %, p99 none."`,
  );
  expect(noiseQuote(fixtureNoise(), { kernel: '9.9.9' })).toContain(`under Linux ${kernel}`);
  expect(noiseQuote(null, { kernel })).toContain('iomodels-bench noise measures');
});
