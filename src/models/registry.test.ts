import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findModel, MODELS, programsOf } from './registry.ts';

const FOLDERS = ['models', 'files'].map((name) => new URL(`../../c-helpers/${name}/`, import.meta.url));

const programs = FOLDERS.flatMap((folder) => readdirSync(folder))
  .filter((name) => name.endsWith('.c'))
  .map((name) => name.slice(0, -'.c'.length));

describe('the registry', () => {
  test('has a row for every program of c-helpers/models and c-helpers/files, and a program for every row', () => {
    expect([...new Set(MODELS.map((model) => model.program))].sort()).toEqual(programs.sort());
  });

  test('holds each id, title and pair of program and options once', () => {
    const once = (keys: readonly string[]) => expect(keys).toEqual([...new Set(keys)]);
    once(MODELS.map((model) => model.id));
    once(MODELS.map((model) => model.title));
    // Under other caches it is another job.
    once(MODELS.map((model) => [model.program, ...model.options, ...(model.takesCaches ?? [])].join(' ')));
  });

  test.each(MODELS)('$id can be typed, selected by a glob and printed', (model) => {
    expect(model.id).toMatch(/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/);
    expect(model.id.startsWith(model.family)).toBe(true);
    expect(model.linuxMin).toMatch(/^\d+(\.\d+)+$/);
    expect(model.title.trim()).toBe(model.title);
    for (const option of model.options) expect(option).toMatch(/^--[a-z-]+(=[a-z0-9-]+)?$/);
  });

  test('has each step of a ladder after a row of its family, and none after itself', () => {
    for (const model of MODELS) {
      const seen = [model.id];
      for (let at = model; at.after !== null; ) {
        const before = findModel(at.after);
        if (before === undefined) throw new Error(`${at.id} comes after ${at.after}, which is no row`);
        expect(before.family).toBe(model.family);
        expect(seen).not.toContain(before.id);
        seen.push(before.id);
        at = before;
      }
    }
  });

  test('names, where a row runs the code of another, one of the same program that runs its own', () => {
    for (const model of MODELS.filter(({ sameCodeAs }) => sameCodeAs !== null))
      expect(findModel(model.sameCodeAs ?? ''), model.id).toMatchObject({
        program: model.program,
        sameCodeAs: null,
        expectedFailures: [],
      });
  });

  test("has known mistakes in the guide's own samples alone, which no run takes unasked", () => {
    for (const { id, domain, profile, expectedFailures, unfit, preflight } of MODELS) {
      expect(expectedFailures.length > 0, id).toBe(profile === 'guide');
      // What a row of files cannot do is no mistake of it.
      if (profile !== 'guide' && domain === 'socket')
        expect({ unfit, preflight }, id).toEqual({ unfit: [], preflight: true });
    }
  });

  test('finds a row by its id, and only by its whole id', () => {
    expect(findModel('epoll-lt')?.options).toEqual(['--trigger=level']);
    expect(findModel('epoll')).toBeUndefined();
  });

  test('names each program once, and the libraries and packages that any row of the registry wants for it', () => {
    const [row] = MODELS;
    if (row === undefined) throw new Error('the registry is empty');
    const rows = [
      { ...row, program: 'a', libs: ['x'] },
      { ...row, program: 'a', libs: ['y', 'x'] },
      { ...row, program: 'b', libs: [], packages: ['libz'] },
    ];
    const { programs, libs, packages } = programsOf(rows.slice(0, 1), rows);
    expect(programs).toEqual(['a']);
    expect([...libs]).toEqual([['a', ['x', 'y']]]);
    expect([...packages]).toEqual([['b', ['libz']]]);
  });
});
