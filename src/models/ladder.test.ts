import { describe, expect, test } from 'vitest';
import { inOrder, ladderFamilies, ladderOfFamily } from './ladder.ts';
import { MODELS } from './registry.ts';

const steps = (tree: Readonly<Record<string, string | null>>) =>
  Object.entries(tree).map(([label, after]) => ({ label, after }));
const shown = (tree: Readonly<Record<string, string | null>>) =>
  inOrder(steps(tree)).map(({ label, level }) => `${'.'.repeat(level)}${label}`);

describe('A ladder', () => {
  test('is climbed rung by rung, whatever the order of the rows', () => {
    expect(shown({ c: 'b', a: null, b: 'a' })).toEqual(['a', 'b', 'c']);
  });

  test('may part: each way is climbed to its end, a level up', () => {
    const tree = { plain: null, coop: 'plain', sqpoll: 'coop', multi: 'coop', zc: 'direct', direct: 'multi' };
    expect(shown(tree)).toEqual(['plain', 'coop', '.sqpoll', '.multi', '.direct', '.zc']);
    expect(shown({ ...tree, inc: 'direct' })).toEqual([
      ...['plain', 'coop', '.sqpoll', '.multi', '.direct', '..zc', '..inc'],
    ]);
  });

  test('begins anew at a rung after one that is not there', () => {
    expect(inOrder(steps({ a: null, b: 'gone', c: 'b' }))).toEqual([
      { label: 'a', after: null, level: 0 },
      { label: 'b', after: null, level: 0 },
      { label: 'c', after: 'b', level: 0 },
    ]);
  });

  test('of no rows has no rungs, and one that bites its tail has an end', () => {
    expect(inOrder([])).toEqual([]);
    expect(inOrder(steps({ a: 'b', b: 'a' }))).toEqual([]);
  });

  test('holds the rows of a family that belong to it, and no other', () => {
    const [row] = MODELS;
    if (row === undefined) throw new Error('the registry is empty');
    const rows = [
      { ...row, family: 'x', id: 'x-b', after: 'x-a' },
      { ...row, family: 'x', id: 'x-a', after: null },
      { ...row, family: 'x', id: 'x-alone', after: null },
      { ...row, family: 'y', id: 'y', after: null },
    ];
    expect(ladderFamilies(rows)).toEqual(['x']);
    expect(ladderOfFamily('x', rows)).toEqual([rows[1], rows[0]]);
    expect(ladderOfFamily('y', rows)).toEqual([]);
  });

  test('is there for epoll and io_uring', () => {
    const families = ladderFamilies(MODELS);
    expect(families).toEqual(expect.arrayContaining(['epoll', 'io_uring']));
    for (const family of families) expect(ladderOfFamily(family, MODELS).length).toBeGreaterThan(1);
  });
});
