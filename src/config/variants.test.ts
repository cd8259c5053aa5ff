import { describe, expect, test } from 'vitest';
import { commandWords } from './command-words.ts';
import { commandText, parseVariants } from './variants.ts';

test.each([
  { prefix: [], text: '' },
  { prefix: ['env', 'A=b c', "it's", '', '$X'], text: `env 'A=b c' 'it'\\''s' '' '$X'` },
])('A command prefix is written as it is read: $text', ({ prefix, text }) => {
  expect(commandText(prefix)).toBe(text);
  expect(commandWords(text)).toEqual({ words: prefix });
});

describe('A variant', () => {
  test('is a name and a command prefix, which may be empty', () => {
    const problems: string[] = [];
    expect(parseVariants(['plain=', 'x=env A=1'], problems)).toEqual([
      { name: 'plain', prefix: [] },
      { name: 'x', prefix: ['env', 'A=1'] },
    ]);
    expect(problems).toEqual([]);
  });
  test.each([
    { texts: ['numactl --membind=0'], problem: /"numactl --membind" cannot name a variant/ },
    { texts: ['plain'], problem: /write name=command/ },
    { texts: ['=env'], problem: /"" cannot name a variant/ },
    { texts: ['a/b=env'], problem: /cannot name a variant/ },
    { texts: ["a=env 'X"], problem: /a quote is not closed/ },
    { texts: ['a=env X=$HOME'], problem: /no shell is started, and \$HOME needs one/ },
    { texts: ["a='' X=1"], problem: /the command is an empty word; a= is the server as it is/ },
    { texts: ['a=', 'b=', 'a=env'], problem: /--variant a: the name is there twice/ },
  ])('$texts is refused', ({ texts, problem }) => {
    const problems: string[] = [];
    parseVariants(texts, problems);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
