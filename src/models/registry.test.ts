import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findModel, MODELS, programsOf } from './registry.ts';

const MODELS_DIR = new URL('../../c-helpers/models/', import.meta.url);

const programs = readdirSync(MODELS_DIR)
  .filter((name) => name.endsWith('.c'))
  .map((name) => name.slice(0, -'.c'.length));

describe('the registry', () => {
  test('has a row for every program of c-helpers/models, and a program for every row', () => {
    expect([...new Set(MODELS.map((model) => model.program))].sort()).toEqual(programs.sort());
  });

  test('holds each id, title and pair of program and options once', () => {
    const once = (keys: readonly string[]) => expect(keys).toEqual([...new Set(keys)]);
    once(MODELS.map((model) => model.id));
    once(MODELS.map((model) => model.title));
    once(MODELS.map((model) => [model.program, ...model.options].join(' ')));
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
    for (const { id, profile, expectedFailures, unfit, preflight } of MODELS) {
      expect(expectedFailures.length > 0, id).toBe(profile === 'guide');
      if (profile !== 'guide') expect({ unfit, preflight }, id).toEqual({ unfit: [], preflight: true });
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
