import { expect, test } from 'vitest';
import { readShare, shareFlag } from './share.ts';

test.each([0.02, 0.015, 1 / 3, 0.07, 0.29, 0.1 + 0.2, 0.000123456789])(
  '%s is read again as it is written',
  (share) => {
    expect(readShare(shareFlag(share))).toBe(share);
  },
);

test('a share is written in as few digits as tell it', () => {
  expect([0.5, 0.125, 1.5].map(shareFlag)).toEqual(['50%', '12.5%', '150%']);
});
