import { expect, test } from 'vitest';
import type { Axis } from '../../document/chart-schema.ts';
import { type Extent, pixelOf, scaleOf, valueAt } from './scale.ts';
import { fitText, textWidth } from './text-width.ts';

const TIME: Axis = { label: 'time', scale: 'log', unit: 'ns' };
const COUNT: Axis = { label: 'connections', scale: 'log', unit: 'count' };
const lying = (width: number): Extent => ({ from: 40, to: 40 + width, lying: true, bounds: [0, width + 60] });

/** The labels of the ticks, where their middles are. */
function labelsOf(values: readonly number[], axis: Axis, extent: Extent) {
  const scale = scaleOf(values, axis, extent, false);
  const pixel = pixelOf(scale, extent);
  return scale.ticks.map((tick) => ({ text: scale.format(tick), at: pixel(tick) }));
}

test.each([
  ['decades', [1e3, 5e8], TIME],
  ['steps within a decade', [2e3, 9e4], TIME],
  ['a narrow range', [0.66, 1.56], { ...TIME, unit: 'ratio' }],
  ['one value', [19_700, 19_700], TIME],
  ['a linear one', [-3, 48], { ...TIME, scale: 'linear', unit: 'percent' }],
  ['a linear one of one value', [4, 4], { ...COUNT, scale: 'linear' }],
  ['with 0 before the smallest', [0, 100, 1000, 9900], COUNT],
  ['what differs by less than is written', [6_380, 6_400], { ...TIME, scale: 'linear' }],
  ['percentiles', [1.25, 40_000], { ...TIME, unit: 'percentile' }],
] as const)(
  'Ticks of %s can be told apart however narrow the axis is, and there is one',
  (_, values, axis) => {
    for (const width of [60, 120, 200, 400]) {
      const labels = labelsOf(values, axis, lying(width)).sort((a, b) => a.at - b.at);
      expect(labels.length).toBeGreaterThan(0);
      expect(new Set(labels.map(({ text }) => text)).size).toBe(labels.length);
      labels.slice(1).forEach(({ text, at }, i) => {
        const before = labels[i] ?? { text: '', at: 0 };
        expect(at - before.at, `${before.text}, ${text}`).toBeGreaterThan(
          (textWidth(text) + textWidth(before.text)) / 2,
        );
      });
    }
  },
);

test('A wider axis has more ticks, and a few counts are all on it', () => {
  expect(labelsOf([1e3, 5e8], TIME, lying(300)).length).toBeGreaterThan(
    labelsOf([1e3, 5e8], TIME, lying(60)).length,
  );
  expect(scaleOf([1, 64, 1000], COUNT, lying(200)).ticks).toEqual([1, 64, 1000]);
});

test('A few names stand upright where they have no room, many are thinned out', () => {
  const named = (count: number): Axis => ({
    label: 'rung',
    scale: 'linear',
    unit: 'place',
    names: Array.from({ length: count }, (_, i) => `a-long-name-${i}`),
  });
  const few = scaleOf([0, 4], named(5), lying(150), false);
  expect(few.ticks).toEqual([0, 1, 2, 3, 4]);
  expect(few.upright).toBeGreaterThan(0);
  const many = scaleOf([0, 59], named(60), lying(150), false);
  expect(many.upright).toBe(0);
  expect(many.ticks[0]).toBe(0);
  expect(many.ticks.length).toBeLessThan(5);
});

test('A place in the picture and a value are found from each other', () => {
  const extent = lying(200);
  const scale = scaleOf([10, 1000], TIME, extent);
  for (const value of [10, 35, 1000])
    expect(valueAt(scale, extent)(pixelOf(scale, extent)(value))).toBeCloseTo(value);
});

test('A text that is too long loses its middle, and keeps both of its ends', () => {
  expect(fitText('epoll', 100)).toBe('epoll');
  const cut = fitText('io_uring-sqpoll-registered-file', 100);
  expect(cut).toMatch(/^io_u.*….*file$/);
  expect(textWidth(cut)).toBeLessThanOrEqual(100);
  expect(fitText('漢字'.repeat(20), 60).length).toBeLessThan(6);
  expect(fitText('x', 0)).toBe('…');
});
