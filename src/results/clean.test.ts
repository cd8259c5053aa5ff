import { expect, test } from 'vitest';
import { fixtureRun } from '../fixtures/run.ts';
import { cleaned, cleanedJson, cleanText } from './clean.ts';

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

test.each([
  { plain: 'epoll-lt 6.12.1 (x86_64)', n: [1, -2.5e-7, null, true] },
  { [`${ESCAPE}name`]: 1 },
  { deep: [{ text: 'a\nb' }] },
  { text: 'caf\u00e9 \u202e' },
  { text: 'two ::error:: words', more: '##[x]' },
  { text: 'quoted " and \\ back' },
  { 'name\u009b': 'x' },
])('What JSON holds is cleaned as it is without its text: %j', (value) => {
  const json = JSON.stringify(value);
  expect(cleanedJson(JSON.parse(json), json)).toEqual(cleaned(value));
  const escaped = json.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  expect(cleanedJson(JSON.parse(escaped), escaped)).toEqual(cleaned(value));
});
