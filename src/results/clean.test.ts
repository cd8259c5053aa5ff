import { expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { cleaned, cleanText } from './clean.ts';

const ESCAPE = '\u001b';

test.each([
  [`${ESCAPE}[2J${ESCAPE}]0;owned\u0007x`, '\uFFFD[2J\uFFFD]0;owned\uFFFDx'],
  ['\u009b31mred', '\uFFFD31mred'],
  ['del\u007f', 'del\uFFFD'],
  ['a\u202Egnp.exe', 'a\uFFFDgnp.exe'],
  ['zero\u200Bwidth', 'zero\uFFFDwidth'],
  ['half \uD83D', 'half \uFFFD'],
  ['two\r\n  ::error::lines', 'two : :error: :lines'],
  ['##[error]x ## [', '# #[error]x ## ['],
  [':::', ': : :'],
  ['a\u2028b\u2029c\u0085d\u000be', 'a b c d e'],
  ['tab\there', 'tab here'],
  ['epoll-lt 6.12.1 é \u{1F600} “µs”', 'epoll-lt 6.12.1 é \u{1F600} “µs”'],
])('%j becomes %j', (text, clean) => {
  expect(cleanText(text)).toBe(clean);
});

test('Texts are cleaned wherever they stand, names of members too; all else stays', () => {
  const found = { [`${ESCAPE}a`]: [1, null, true, { deep: 'x\ny' }] };
  expect(cleaned(found)).toEqual({ '\uFFFDa': [1, null, true, { deep: 'x y' }] });
  expect(cleaned(fixtureRun())).toEqual(fixtureRun());
});
