import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { cacheDir } from '../../build/compile.ts';
import { buildCostsLibrary } from '../../build/costs-library.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { refsOf } from '../../claims/verify/amount.ts';
import type { Assertion, ProbeRef } from '../../claims/verify/claim.ts';
import { needsOf } from '../../claims/verify/needs.ts';
import { CLAIMS } from '../../claims/verify/sections.ts';
import { DERIVED_COSTS } from '../../costs/derived.ts';
import { costsBench } from '../../costs/ffi.ts';
import { findModel } from '../../models/registry.ts';
import { listProbes } from '../../probes/run-probes.ts';
import type { VerifyJson } from '../../reports/json-schemas.ts';
import { EXIT } from '../../util/errors.ts';
import { runCli } from './cli.ts';

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'iomb-verify-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

/** Where the command compiles to: what is compiled here is found there. */
function sharedCache(): string {
  return cacheDir({ XDG_CACHE_HOME: inject('cacheHome') });
}

/** Probes that an assertion asks, its controls included. */
function probesOf(assertion: Assertion): readonly ProbeRef[] {
  if (assertion.kind === 'source') return [];
  const numbers = assertion.kind === 'growth' || !('of' in assertion) ? [] : refsOf(assertion.of);
  const own = 'ref' in assertion ? [assertion.ref] : [];
  const all = [...numbers, ...own, ...(assertion.given ?? []).map(({ ref }) => ref)];
  return all.filter((ref) => ref.from === 'probe');
}

describe('what claims are held against is there:', () => {
  test('every value of every probe, with the type that is expected', async () => {
    const known = new Map(
      (await listProbes({ cacheDir: sharedCache() })).map(({ id, values }) => [id, values]),
    );
    const asked = CLAIMS.flatMap(({ id, assertions }) =>
      assertions
        .flatMap(probesOf)
        .flatMap((ref) => [ref.value].flat().map((name) => ({ claim: id, probe: ref.id, name }))),
    );
    expect(asked).not.toEqual([]);
    const unknown = asked.filter(
      ({ probe, name }) => !known.get(probe)?.some((value) => value.name === name),
    );
    expect(unknown).toEqual([]);
  });
  test('every cost', async () => {
    const { costs } = costsBench(
      await buildCostsLibrary({ sourceDir: HELPERS_DIR, cacheDir: sharedCache() }),
    );
    const known = [...costs, ...DERIVED_COSTS].map(({ id }) => id);
    expect(needsOf(CLAIMS).costs.filter((id) => !known.includes(id))).toEqual([]);
  });
  test('every model', () => {
    const { cells, sweeps } = needsOf(CLAIMS);
    expect([...cells, ...sweeps].filter(({ model }) => findModel(model) === undefined)).toEqual([]);
  });
});

describe('verify', () => {
  test('probes what the claims need, prints only JSON, and keeps what was observed', async () => {
    const ended = await runCli(
      ['verify', '--id', 'epoll-fork-share,epoll-regular-file,tl-1994-poll', '--json'],
      {
        cwd,
      },
    );
    expect(ended.exitCode, ended.stderr).toBe(EXIT.ok);
    const json = JSON.parse(ended.stdout) as VerifyJson;
    expect(json.claims.map(({ id }) => id)).toEqual([
      'epoll-fork-share',
      'epoll-regular-file',
      'tl-1994-poll',
    ]);
    for (const { verdict, outcomes } of json.claims) {
      expect(['confirmed', 'refuted', 'depends']).toContain(verdict.word);
      expect(outcomes.flatMap(({ evidence }) => evidence)).not.toEqual([]);
    }
    expect(json.claims[2]?.verdict.basis).toBe('documented');
    expect(json.failed).toEqual([]);
    const [kept] = readdirSync(join(cwd, 'results', 'probes'));
    const again = [
      'verify',
      '--probes',
      join('results', 'probes', kept ?? ''),
      '--explain',
      'epoll-fork-share',
    ];
    const told = await runCli(again, { cwd });
    expect(told).toMatchObject({ exitCode: 0, stderr: '' });
    expect(told.stdout).toMatch(/^epoll-fork-share: \w+ \(observed\)/);
  });
  test.each([
    { args: ['--id', 'epoll-fork-shar'], says: /epoll-fork-share/ },
    { args: ['--section', 'nothing'], says: /no section has nothing in its title/ },
    { args: ['--verdict', 'maybe'], says: /maybe/ },
    { args: ['--kind', 'measured', '--id', 'tl-1994-poll'], says: /no claim is all of that/ },
    { args: ['--probes', 'nowhere.json'], says: /cannot read nowhere\.json/ },
    { args: ['--explain', 'tl-1994-poll', '--json', '--markdown'], says: /cannot be used with/ },
  ])('$args is refused before anything is measured', async ({ args, says }) => {
    const ended = await runCli(['verify', ...args], { cwd });
    expect(ended).toMatchObject({ exitCode: EXIT.usage, stdout: '' });
    expect(ended.stderr).toMatch(says);
  });
});
