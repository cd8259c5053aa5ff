import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { fixtureRun, withAudits } from '../fixtures/run.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { renderDocument } from '../render/terminal.ts';
import { guideReport } from './guide.ts';

const RUNS = { guide: withAudits(fixtureGuideRun()), small: fixtureRun(), sweep: fixtureSweep() };
/** Made once: their numbers are resampled. */
const REPORTS = {
  guide: guideReport(RUNS.guide),
  small: guideReport(RUNS.small),
  sweep: guideReport(RUNS.sweep),
};
const CASES = Object.keys(REPORTS).flatMap((name) =>
  [160, 120, 100, 80].map((width) => [name, width] as const),
);

test.each(CASES)('The guide’s tables of run %s fit %i columns', (name, width) => {
  const text = renderDocument(REPORTS[name as keyof typeof REPORTS], { width, color: false });
  for (const line of text.split('\n')) expect(stringWidth(line), line).toBeLessThanOrEqual(width);
});

test('What the guide says stays beside what was measured, on a narrow terminal too', () => {
  const text = renderDocument(REPORTS.guide, { width: 80, color: false });
  expect(text).toContain('left out at 80 columns: counted by; audits');
  expect(text.match(/the guide/g)?.length).toBeGreaterThan(3);
});

test('Colour changes nothing but colour', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what colour is made of
  const escapes = /\u001b\[\d+m/g;
  const colored = renderDocument(REPORTS.guide, { width: 120, color: true });
  expect(colored).toMatch(escapes);
  expect(colored.replace(escapes, '')).toBe(renderDocument(REPORTS.guide, { width: 120, color: false }));
});
