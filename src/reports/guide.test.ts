import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { fixtureBeside } from '../fixtures/guide-evidence.ts';
import { fixtureRun, withAudits } from '../fixtures/run.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { renderDocument } from '../render/terminal.ts';
import { guideReport } from './guide.ts';

const RUNS = { guide: withAudits(fixtureGuideRun()), small: fixtureRun(), sweep: fixtureSweep() };
/** Made once: their numbers are resampled. */
const REPORTS = {
  guide: guideReport(RUNS.guide, fixtureBeside()),
  small: guideReport(RUNS.small),
  sweep: guideReport(RUNS.sweep),
};
const CASES = [
  ['guide', 120],
  ['guide', 80],
  ['small', 100],
  ['sweep', 80],
] as const;
/** A wrapped table is tried at many widths, and machines stall. */
const RENDER_TIMEOUT_MS = 60_000;
/** Made once as well: a table that is wrapped is tried at many widths. */
const texts = new Map<string, string>();

function textOf(name: keyof typeof REPORTS, width: number): string {
  const key = `${name} ${width}`;
  const text = texts.get(key) ?? renderDocument(REPORTS[name], { width, color: false });
  texts.set(key, text);
  return text;
}

test.each(CASES)(
  'The guide’s tables of run %s fit %i columns',
  (name, width) => {
    const text = textOf(name, width);
    for (const line of text.split('\n')) expect(stringWidth(line), line).toBeLessThanOrEqual(width);
  },
  RENDER_TIMEOUT_MS,
);

test(
  'What the guide says stays beside what was measured, on a narrow terminal too',
  () => {
    const text = textOf('guide', 80);
    expect(text).toContain('left out at 80 columns: counted by; audits');
    expect(text.match(/the guide/g)?.length).toBeGreaterThan(3);
  },
  RENDER_TIMEOUT_MS,
);

test(
  'Colour changes nothing but colour',
  () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what colour is made of
    const escapes = /\u001b\[\d+m/g;
    const colored = renderDocument(REPORTS.guide, { width: 120, color: true });
    expect(colored).toMatch(escapes);
    expect(colored.replace(escapes, '')).toBe(textOf('guide', 120));
  },
  RENDER_TIMEOUT_MS,
);
