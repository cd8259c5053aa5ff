import { expect, test } from 'vitest';
import type { BisectReport } from '../boots/bisect-schema.ts';
import { renderDocument } from '../render/terminal.ts';
import { bisectLine, bisectReport } from './bisect.ts';

const kernel = (release: string) => ({ release, image: `/boot/vmlinuz-${release}` });
const change = (ratio: number) =>
  ({ ratio, interval: { low: ratio - 0.0002, high: ratio + 0.0002 } }) as NonNullable<
    BisectReport['judged'][number]['change']
  >;

const JUDGED: BisectReport['judged'] = [
  {
    ...{ kernel: kernel('7.3.4'), judgement: 'bad', base: 35_313, value: 41_634, change: change(1.179) },
    ...{ boots: 3, reason: null },
  },
  {
    ...{ kernel: kernel('6.18.15'), judgement: 'unknown', base: null, value: null, change: null },
    ...{ boots: 0, reason: 'the kernel panicked' },
  },
  {
    ...{ kernel: kernel('6.12.107'), judgement: 'good', base: 35_313, value: 35_330, change: change(1.0005) },
    ...{ boots: 3, reason: null },
  },
];
const REPORT: BisectReport = {
  ...{ label: 'epoll-lt', workload: 'ping-pong', detect: 0.005, judged: JUDGED },
  good: { kernel: kernel('6.1.0'), value: 35_313, boots: 3 },
  guest: { clock: 'icount', qemu: '10.0.13', cpu: 'max', smp: 1 },
  result: {
    lastGood: kernel('6.12.107'),
    firstBad: kernel('7.3.4'),
    unknown: [kernel('6.18.15')],
  },
};

test('A search ends with the kernels that it judged, the answer and what explains it', () => {
  const text = renderDocument(bisectReport(REPORT, ['Why: the scheduler']), {
    ...{ width: 110, color: false },
  });
  expect(text).toMatchInlineSnapshot(`
    "first bad: Linux 7.3.4; last good: Linux 6.12.107; between them, not decided: 6.18.15
    epoll-lt under ping-pong, guests with 1 CPU; bad: longer by more than 0.5 %
    guests · clock icount: one instruction is one nanosecond · QEMU 10.0.13 · -cpu max

    Path length of epoll-lt under ping-pong
    kernel             instr./req  change in %           boots
    6.1.0     --good       35,313  -                         3
    7.3.4     bad          41,634  17.9 [17.9, 17.9]         3
    6.18.15   unknown           -  -                         0
    6.12.107  good         35,330  0.050 [0.030, 0.070]      3
      6.18.15: the kernel panicked

    Why: the scheduler"
  `);
});

test.each([
  [
    { ...REPORT, result: REPORT.result && { ...REPORT.result, unknown: [] } },
    /^first bad: [^;]*; last good: [^;]*$/,
  ],
  [{ ...REPORT, result: null, judged: JUDGED.slice(0, 1) }, /^bad: Linux 7\.3\.4$/],
  [{ ...REPORT, result: null, judged: [] }, /^nothing was judged$/],
])('The answer in a sentence: %#', (report, line) => {
  expect(bisectLine(report)).toMatch(line);
});
