import { expect, test } from 'vitest';
import { UsageError } from '../util/errors.ts';
import { parseCase } from './case-config.ts';

test('A case is a load, with the defaults of run', () => {
  expect(parseCase('connections=5000,active=1%,message=64')).toMatchObject({
    ...{ mode: 'closed', connections: 5000, active: 50, depth: 1, messageBytes: 64 },
  });
  expect(parseCase(' connections = 10k ')).toMatchObject({ connections: 10_000, active: 10_000 });
  expect(parseCase('connections=100,rate=20k,arrivals=poisson')).toMatchObject({
    ...{ mode: 'open', ratePerSecond: 20_000, arrivals: 'poisson' },
  });
});

test.each([
  { text: '', says: '--for (empty): must be key=value, as in connections=5000,active=1%,message=64' },
  { text: 'connections', says: '--for connections: must be key=value' },
  { text: 'connections=', says: '--for connections=: must be key=value' },
  { text: 'active=1%', says: '--for active=1%: says no connections' },
  { text: 'conections=5', says: 'unknown key conections; did you mean connections?' },
  { text: 'connections=5,connections=6', says: 'connections is there twice' },
  { text: 'connections=0', says: '--for connections=0: must be a whole number from 1 to 120000' },
  { text: 'connections=5,active=200%', says: '--for active=200%: must be a whole number' },
  { text: 'connections=5,active=9', says: '9 active connections do not fit in 5 connections' },
  { text: 'connections=5,arrivals=poisson', says: 'of an open loop alone' },
])('$text is refused: $says', ({ text, says }) => {
  expect(() => parseCase(text)).toThrow(UsageError);
  expect(() => parseCase(text)).toThrow(says);
});
