import { describe, expect, test } from 'vitest';
import { commandWords } from './command-words.ts';

describe('The words of a command', () => {
  test.each([
    { text: '', words: [] },
    { text: '  env  X=1 ', words: ['env', 'X=1'] },
    { text: `env 'A=b c' "D=e f" G=h\\ i`, words: ['env', 'A=b c', 'D=e f', 'G=h i'] },
    { text: `a '' b`, words: ['a', '', 'b'] },
    { text: `a 'it\\x' "it\\"s"`, words: ['a', 'it\\x', 'it"s'] },
    { text: './my-server --port={port} {port}', words: ['./my-server', '--port={port}', '{port}'] },
    { text: `sh -c 'exec ./a "$PORT" | cat'`, words: ['sh', '-c', 'exec ./a "$PORT" | cat'] },
  ])('$text are $words', ({ text, words }) => {
    expect(commandWords(text)).toEqual({ words });
  });
  test.each([`a 'b`, 'a "b', `a 'b' "c`, 'a \\'])('%s has a quote that is not closed', (text) => {
    expect(commandWords(text)).toEqual({ problem: 'a quote is not closed' });
  });
  test.each([
    ['a | b', '|'],
    ['a && b', '&&'],
    ['a > x', '>'],
    ['a $HOME', '$HOME'],
    [`sh -c "a $PORT"`, '$PORT'],
    ['a *.js', '*.js'],
    ['a; b', ';'],
    ['a # b', '#'],
  ])('%s needs a shell, and none is started', (text, sign) => {
    expect(commandWords(text)).toEqual({
      problem: `no shell is started, and ${sign} needs one: put it in single quotes, or write sh -c '...' around all of it, with exec before the server`,
    });
  });
});
