import { expect, test } from 'vitest';
import { type TerminalFacts, type TerminalOptions, terminalOf } from './terminal-options.ts';

const tty = (columns: number | undefined, env: TerminalFacts['env'] = {}) => ({ isTTY: true, columns, env });
const pipe = (env: TerminalFacts['env'] = {}) => ({ isTTY: false, env });

test.each<[title: string, facts: TerminalFacts, options: TerminalOptions, width: number]>([
  ['a terminal as wide as it is', tty(133), {}, 133],
  ['a terminal as wide as it is, whatever COLUMNS says', tty(133, { COLUMNS: '80' }), {}, 133],
  ['a terminal that does not know, as COLUMNS says', tty(0, { COLUMNS: '80' }), {}, 80],
  ['a narrow terminal', tty(20), {}, 60],
  ['a pipe', pipe(), {}, 120],
  ['a pipe as COLUMNS says', pipe({ COLUMNS: '80' }), {}, 80],
  ['a pipe, where COLUMNS is nothing', pipe({ COLUMNS: '' }), {}, 120],
  ['a pipe, where COLUMNS is no number', pipe({ COLUMNS: 'wide' }), {}, 120],
  ['as asked before anything else', tty(133, { COLUMNS: '80' }), { width: 100 }, 100],
])('The width is that of %s', (_title, facts, options, width) => {
  expect(terminalOf(facts, options).width).toBe(width);
});

test.each<[title: string, facts: TerminalFacts, options: TerminalOptions, color: boolean]>([
  ['a terminal', tty(80), {}, true],
  ['a terminal that cannot', tty(80, { TERM: 'dumb' }), {}, false],
  ['a pipe', pipe(), {}, false],
  ['a pipe of a CI job', pipe({ CI: 'true' }), {}, false],
  ['NO_COLOR', tty(80, { NO_COLOR: '1' }), {}, false],
  ['an empty NO_COLOR', tty(80, { NO_COLOR: '' }), {}, true],
  ['FORCE_COLOR', pipe({ FORCE_COLOR: '1' }), {}, true],
  ['FORCE_COLOR=0', tty(80, { FORCE_COLOR: '0' }), {}, false],
  ['NO_COLOR beside FORCE_COLOR', tty(80, { NO_COLOR: '1', FORCE_COLOR: '1' }), {}, false],
  ['--color always on a pipe', pipe({ NO_COLOR: '1' }), { color: 'always' }, true],
  ['--color never on a terminal', tty(80, { FORCE_COLOR: '1' }), { color: 'never' }, false],
  ['--color auto on a pipe', pipe(), { color: 'auto' }, false],
])('Colour with %s', (_title, facts, options, color) => {
  expect(terminalOf(facts, options).color).toBe(color);
});
