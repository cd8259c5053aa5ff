import { describe, expect, test } from 'vitest';
import { matcherOf, select, unknown } from './selection.ts';

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
    ['a glob but one of its names', 'epoll-*,!epoll-et', ['epoll-lt']],
    ['an exclusion that stands before what it is of', '!epoll-et,epoll-*', ['epoll-lt']],
    ['a glob but another glob', '*,!{epoll,io_uring}*', ['select', 'poll']],
    ['several exclusions of everything', '!epoll-*,!io_uring*', ['select', 'poll']],
    ['a name that is asked for twice and excluded, not at all', 'poll,select,poll,!poll', ['select']],
    ['alternatives in braces', 'epoll-{lt,et}', ['epoll-lt', 'epoll-et']],
    [
      'braces between other items',
      'poll,{select,io_uring},epoll-et',
      ['poll', 'select', 'io_uring', 'epoll-et'],
    ],
    ['nested braces', '{epoll-{lt,et},poll}', ['poll', 'epoll-lt', 'epoll-et']],
    ['all but alternatives in parentheses', '!(poll|select)', KNOWN.slice(2)],
    ['one of alternatives in parentheses', '@(poll|select)', ['select', 'poll']],
  ];
  test.each(accepted)('resolves %s', (_title, list, names) => {
    expect(select(list, KNOWN, 'model')).toEqual({ names, problems: [], note: null });
  });

  const refused: [title: string, list: string, problems: string[]][] = [
    ['an empty list', '', ['the list of models is empty']],
    ['a list of commas', ' , ,', ['the list of models is empty']],
    ['a name that is nearly one', 'epol-lt', ['unknown model epol-lt; did you mean epoll-lt?']],
    ['a glob without a match', 'kqueue*', ['no model matches kqueue*']],
    ['an exclusion of what there is not', '*,!epol-lt', ['unknown model epol-lt; did you mean epoll-lt?']],
    ['an excluding glob without a match', '*,!kqueue*', ['no model matches kqueue*']],
    ['a list that excludes all that it names', 'poll,!poll', ['poll,!poll excludes every model']],
    ['a brace that is not closed', 'epoll-{lt,et', ['no model matches epoll-{lt,et']],
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

describe('select with names set apart', () => {
  const known = ['epoll-lt', 'epoll-guide', 'epoll-guide-drain', 'poll', 'poll-guide'];
  const apart = {
    names: known.filter((name) => name.includes('guide')),
    word: 'guide',
    why: 'with mistakes',
  };
  const taken = (list: string) => select(list, known, 'model', apart);

  test.each<[list: string, names: string[], left: string | null]>([
    ['epoll-*', ['epoll-lt'], 'epoll-guide, epoll-guide-drain'],
    ['*', ['epoll-lt', 'poll'], 'epoll-guide, epoll-guide-drain, poll-guide'],
    ['!poll', ['epoll-lt'], 'epoll-guide, epoll-guide-drain, poll-guide'],
    ['!poll*', ['epoll-lt'], 'epoll-guide, epoll-guide-drain'],
    ['*,!*guide*', ['epoll-lt', 'poll'], null],
    ['epoll-*,epoll-guide', ['epoll-lt', 'epoll-guide'], 'epoll-guide-drain'],
    ['epoll-guide-drain,poll', ['epoll-guide-drain', 'poll'], null],
    ['*-guide*', ['epoll-guide', 'epoll-guide-drain', 'poll-guide'], null],
    ['*-guide*,!epoll*', ['poll-guide'], null],
    ['{poll,poll-guide}', ['poll', 'poll-guide'], null],
    ['epoll-{lt,guide}', ['epoll-lt', 'epoll-guide'], null],
    ['poll,epoll-lt', ['poll', 'epoll-lt'], null],
  ])('%s takes %j', (list, names, left) => {
    const note =
      left && `${list} leaves out ${left}, with mistakes: a name, or a glob that says guide, takes`;
    expect(taken(list)).toEqual({ names, problems: [], note: note && expect.stringContaining(note) });
  });

  test('says what would take them where a glob matches nothing else', () => {
    expect(taken('*-drain')).toMatchObject({
      names: [],
      problems: [
        '*-drain leaves out epoll-guide-drain, with mistakes: a name, or a glob that says guide, takes it',
      ],
    });
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

describe('matcherOf', () => {
  test.each<[list: string, name: string, matches: boolean]>([
    ['io_uring*', 'io_uring-sqpoll', true],
    ['io_uring*', 'epoll-lt', false],
    ['*', 'anything', true],
    ['*,!poll', 'poll', false],
    ['!poll', 'select', true],
    ['{poll,select}/c10k', 'select/c10k', true],
    ['*/c10k', 'select/ping-pong', false],
    ['', 'poll', false],
  ])('%s of %s: %s', (list, name, matches) => {
    expect(matcherOf(list)(name)).toBe(matches);
  });
});
