import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fixtureExplanation } from '../fixtures/explanations.ts';
import { UsageError } from '../util/errors.ts';
import { EXPLANATION_FILE, readExplanation, saveExplanation } from './explanation.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-explanation-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('explain.json', () => {
  test('is read as it was saved, and names its schema', async () => {
    const explanation = fixtureExplanation('6.12');
    await saveExplanation(folder, explanation);
    expect(await readExplanation(folder)).toEqual(explanation);
    expect(readFileSync(join(folder, EXPLANATION_FILE), 'utf8')).toMatch(
      /^{"\$schema":"iomodels-bench\/schemas\/explanation\.json",/,
    );
  });
  test('is none where a run was not explained', async () => {
    expect(await readExplanation(folder)).toBe(null);
    expect(await readExplanation(join(folder, 'gone'))).toBe(null);
  });
  test.each(['', '{}', '{"schemaVersion":2}'])('is refused where it holds %j', async (text) => {
    writeFileSync(join(folder, EXPLANATION_FILE), text);
    await expect(readExplanation(folder)).rejects.toThrow(UsageError);
  });
});
