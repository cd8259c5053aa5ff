import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXPORTERS } from '../export/index.ts';
import { exportInput } from '../fixtures/export-input.ts';
import { EnvironmentError, UsageError } from '../util/errors.ts';
import { locateRequests, parseExportRequest, parseFormats, writeExports } from './export-files.ts';
import { locateExports } from './export-targets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-export-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Paths of the targets of a list of formats, from the folder. */
async function located(formats: string, path: string): Promise<string[]> {
  const targets = await locateExports(parseFormats(formats), path);
  return targets.flatMap(({ paths }) => paths.map((file) => file.replace(`${folder}/`, '')));
}

describe('a list of formats', () => {
  test('takes names and globs, each format once', () => {
    expect(parseFormats('csv,json, csv').map(({ id }) => id)).toEqual(['json', 'csv']);
    expect(parseFormats('*')).toEqual(EXPORTERS);
  });
  test.each([
    ['cvs', 'unknown format cvs; did you mean csv?'],
    ['', 'the list of formats is empty'],
    ['json,xml*', 'no format matches xml*'],
  ])('%j is refused', (list, message) => {
    expect(() => parseFormats(list)).toThrow(new UsageError(message));
  });
});

describe('--export', () => {
  test.each([
    ['json', [['json', null]]],
    ['junit=out.xml', [['junit', 'out.xml']]],
    ['csv=a=b', [['csv', 'a=b']]],
    [
      'json,csv=out',
      [
        ['json', 'out/'],
        ['csv', 'out/'],
      ],
    ],
    ['github=out', [['github', 'out/']]],
  ])('%s names formats and a path', (text, expected) => {
    expect(parseExportRequest(text).map(({ exporter, path }) => [exporter.id, path])).toEqual(expected);
  });
  test.each(['json=', '=x', 'jsn=x'])('%s is refused', (text) => {
    expect(() => parseExportRequest(text)).toThrow(UsageError);
  });
  test('without a path goes to the folder of the run', async () => {
    const targets = await locateRequests(parseExportRequest('json,github'), folder);
    expect(targets.flatMap(({ paths }) => paths)).toEqual(
      ['iomodels-bench.json', 'github-bigger-is-better.json', 'github-smaller-is-better.json'].map((name) =>
        join(folder, 'exports', name),
      ),
    );
  });
  test('twice to one file is refused', async () => {
    const requests = ['json=out', 'csv=out'].flatMap((text) => parseExportRequest(text));
    await expect(
      locateRequests(
        requests.map((request) => ({ ...request, path: join(folder, 'out') })),
        folder,
      ),
    ).rejects.toThrow(UsageError);
  });
});

describe('a path', () => {
  test('of one file is that file, in folders that are made', async () => {
    expect(await located('csv', join(folder, 'a/b/mine.csv'))).toEqual(['a/b/mine.csv']);
    expect(existsSync(join(folder, 'a/b'))).toBe(true);
  });
  test('that is a folder, or ends in a slash, holds the file under its own name', async () => {
    expect(await located('csv', folder)).toEqual(['trials.csv']);
    expect(await located('csv', join(folder, 'new/'))).toEqual(['new/trials.csv']);
  });
  test('of several files is a folder', async () => {
    expect(await located('json,csv', join(folder, 'out'))).toEqual([
      'out/iomodels-bench.json',
      'out/trials.csv',
    ]);
  });
  test('of a file per cell is a folder of their own in it', async () => {
    expect(await located('hgrm', join(folder, 'out'))).toEqual(['out/hgrm']);
  });
  test('of several files that is a file is refused', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(located('hgrm', join(folder, 'file'))).rejects.toThrow(UsageError);
    await expect(located('json,csv', join(folder, 'file'))).rejects.toThrow(UsageError);
  });
  test('that cannot be written is an error of the machine', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(located('json', join(folder, 'file/x.json'))).rejects.toThrow(EnvironmentError);
  });
});

test('Files are replaced as a whole, and nothing is left beside them', async () => {
  mkdirSync(join(folder, 'out'));
  writeFileSync(join(folder, 'out/trials.csv'), 'an older one');
  const targets = await locateExports(EXPORTERS, join(folder, 'out'));
  await writeExports([exportInput()], targets);
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(EXPORTERS.flatMap(({ files }) => files).toSorted());
  expect(readFileSync(join(folder, 'out/trials.csv'), 'utf8')).toMatch(/^run_id,/);
  expect(readdirSync(join(folder, 'out/hgrm'))).toHaveLength(10);
});
