import { describe, expect, test } from 'vitest';
import { select, unknown } from './selection.ts';

const KNOWN = ['select', 'poll', 'epoll-lt', 'epoll-et', 'io_uring', 'io_uring-sqpoll'];

describe('select', () => {
  const accepted: [title: string, list: string, names: string[]][] = [
    ['one name', 'poll', ['poll']],
    ['names in the order asked for', 'poll,select', ['poll', 'select']],
    ['names with blanks and empty items between them', ' poll , ,select, ', ['poll', 'select']],
    ['a name that is asked for twice, twice', 'poll,poll,poll', ['poll', 'poll', 'poll']],
    ['a glob in the order of the registry', 'epoll-*', ['epoll-lt', 'epoll-et']],
    ['everything', '*', KNOWN],
    ['a glob with only the names that are not there yet', 'epoll-et,epoll-*', ['epoll-et', 'epoll-lt']],
    [
      'a name after the glob that holds it, once more',
      'epoll-*,epoll-lt',
      ['epoll-lt', 'epoll-et', 'epoll-lt'],
    ],
    ['a glob with one character', 'epoll-?t', ['epoll-lt', 'epoll-et']],
    ['a glob with a class', '[sp]*ll', ['poll']],
    ['everything but', '!*epoll*', ['select', 'poll', 'io_uring', 'io_uring-sqpoll']],
  ];
  test.each(accepted)('resolves %s', (_title, list, names) => {
    expect(select(list, KNOWN, 'model')).toEqual({ names, problems: [] });
  });

  const refused: [title: string, list: string, problems: string[]][] = [
    ['an empty list', '', ['the list of models is empty']],
    ['a list of commas', ' , ,', ['the list of models is empty']],
    ['a name that is nearly one', 'epol-lt', ['unknown model epol-lt; did you mean epoll-lt?']],
    ['a glob without a match', 'kqueue*', ['no model matches kqueue*']],
    [
      'all of several wrong items',
      'pol,kqueue*,selekt',
      [
        'unknown model pol; did you mean poll?',
        'no model matches kqueue*',
        'unknown model selekt; did you mean select?',
      ],
    ],
  ];
  test.each(refused)('names %s', (_title, list, problems) => {
    expect(select(list, KNOWN, 'model').problems).toEqual(problems);
  });

  test('keeps what it could resolve beside what it could not', () => {
    expect(select('poll,nothing-like-it', KNOWN, 'model').names).toEqual(['poll']);
  });

  test('takes no name from the prototype of objects', () => {
    expect(select('constructor,__proto__', KNOWN, 'model').names).toEqual([]);
  });
});

describe('unknown', () => {
  test.each([
    ['EPOLL-LT', 'unknown model EPOLL-LT; did you mean epoll-lt?'],
    ['io_urin', 'unknown model io_urin; did you mean io_uring?'],
    [
      'completely different',
      'unknown model completely different; known: select, poll, epoll-lt, epoll-et, io_uring, io_uring-sqpoll',
    ],
  ])('offers the nearest name, or all of them where none is near: %s', (name, message) => {
    expect(unknown(name, KNOWN, 'model')).toBe(message);
  });

  test('survives an empty list of known names', () => {
    expect(unknown('poll', [], 'model in this run')).toBe('unknown model in this run poll; known: ');
  });
});
