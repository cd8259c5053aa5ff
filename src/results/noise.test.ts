import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixtureNoise } from '../fixtures/noise.ts';
import { findNoise, NOISE_FOLDER, saveNoise } from './noise.ts';
import type { NoiseCertificate } from './noise-schema.ts';
import { listRuns } from './run-index.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'iomb-noise-'));
});
afterEach(() => rmSync(out, { recursive: true }));

function certificate(runId: string, change: Partial<NoiseCertificate['environment']> = {}): NoiseCertificate {
  const fixture = fixtureNoise();
  const measuredAt = `2025-01-0${runId}T00:00:00.000Z`;
  return { ...fixture, runId, measuredAt, environment: { ...fixture.environment, host: 'here', ...change } };
}

const HERE = { host: 'here', kernel: fixtureNoise().environment.kernel };

test('A certificate is found again as it was saved, and is no run', async () => {
  const saved = certificate('1');
  expect(await saveNoise(out, saved)).toBe(join(out, NOISE_FOLDER, '1.json'));
  expect(await findNoise(out, HERE, 'runs')).toEqual(saved);
  expect(readdirSync(join(out, NOISE_FOLDER))).toEqual(['1.json']);
  expect(await listRuns(out)).toEqual({ runs: [], problems: [] });
});

test('The newest of the same kernel is taken, else the newest of the host, and none of another host', async () => {
  for (const [runId, change] of [
    ['1', {}],
    ['3', {}],
    ['2', {}],
    ['4', { kernel: '7.0.0' }],
    ['5', { host: 'there' }],
  ] as const)
    await saveNoise(out, certificate(runId, change));
  expect((await findNoise(out, HERE, 'runs'))?.runId).toBe('3');
  expect((await findNoise(out, { ...HERE, kernel: '8.0.0' }, 'runs'))?.runId).toBe('4');
  expect(await findNoise(out, { ...HERE, host: null }, 'runs')).toBeNull();
});

test('One that says something of the way of judging is taken before a newer one that does not', async () => {
  await saveNoise(out, { ...certificate('1'), runs: null });
  await saveNoise(out, { ...certificate('2'), pairs: null });
  expect((await findNoise(out, HERE, 'pairs'))?.runId).toBe('1');
  expect((await findNoise(out, HERE, 'runs'))?.runId).toBe('2');
  await saveNoise(out, {
    ...certificate('3'),
    pairs: null,
    environment: { ...certificate('3').environment, kernel: '7.0' },
  });
  expect((await findNoise(out, { ...HERE, kernel: '7.0' }, 'pairs'))?.runId).toBe('3');
});

test('What is no certificate is passed over, and so is a folder that is not there', async () => {
  expect(await findNoise(out, HERE, 'runs')).toBeNull();
  mkdirSync(join(out, NOISE_FOLDER));
  for (const [name, text] of [
    ['a.json', '{'],
    ['b.json', '{}'],
    ['c.json', JSON.stringify({ ...certificate('9'), schemaVersion: 99 })],
    ['older.json', JSON.stringify({ ...certificate('9'), schemaVersion: 1 })],
    ['d.txt', JSON.stringify(certificate('9'))],
  ] as const)
    writeFileSync(join(out, NOISE_FOLDER, name), text);
  expect(await findNoise(out, HERE, 'runs')).toBeNull();
});
