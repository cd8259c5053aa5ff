import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { cacheDir, compilerFlags, LINK_FLAGS, readSources, type Sanitizer } from '../build/compile.ts';
import { findCompiler } from '../build/compiler.ts';
import { runJobs } from '../build/jobs.ts';
import { HELPERS_DIR } from '../build/package.ts';

interface Program {
  readonly name: string;
  /** The folders or files that it is linked with. */
  readonly links: readonly string[];
  /** A program of file I/O, whose path it takes as its argument. */
  readonly drives?: string;
}

/** The C unit tests: exit 0 passed, 1 failed, 77 skipped. */
const PROGRAMS: readonly Program[] = [
  { name: 'test_agent_json', links: ['agent/answer.c', 'agent/json.c'] },
  { name: 'test_conduct', links: ['wire', 'load', 'observer', 'loadlib'], drives: 'pread' },
  { name: 'test_costs', links: ['costs', 'costlib'] },
  { name: 'test_counters', links: ['server/counters.c', 'server/die.c'] },
  { name: 'test_crew', links: ['wire', 'load', 'observer', 'loadlib'] },
  { name: 'test_hardware', links: ['wire', 'observer'] },
  { name: 'test_histogram', links: ['wire/histogram.c'] },
  {
    name: 'test_job',
    links: [
      'job/block.c',
      'job/file.c',
      'job/file_check.c',
      'job/file_check.c',
      'job/job.c',
      'server/counters.c',
      'server/die.c',
      'server/limits.c',
      'server/net.c',
      'wire/histogram.c',
    ],
  },
  { name: 'test_inherited', links: ['server/inherited.c'] },
  { name: 'test_loadgen', links: ['wire', 'load', 'observer', 'loadlib'] },
  { name: 'test_loadgen_parts', links: ['load/pattern.c', 'load/schedule.c'] },
  { name: 'test_session', links: ['wire', 'observer'] },
  { name: 'test_sockets', links: ['wire', 'observer'] },
  { name: 'test_uring', links: [] },
];
/** What every program of file I/O is linked with. */
const FILE_LINKS = ['job', 'server', 'wire'];
const BUILDS: readonly (Sanitizer | undefined)[] = [undefined, 'address,undefined', 'thread'];
const EXIT_SKIPPED = 77;
const RUN_TIMEOUT_MS = 100_000;
/** Whatever a test is linked with, or includes. */
const FOLDERS = 'agent costlib costs files job load loadlib observer server tests wire'.split(' ');

/** Where the programs of each build are. */
const folders = new Map<Sanitizer | undefined, string>();
beforeAll(async () => {
  // The tests themselves run one after the other: some measure.
  for (const sanitizer of BUILDS) folders.set(sanitizer, await compile(sanitizer));
});

test('every C unit test is in the list', async () => {
  const files = await readdir(join(HELPERS_DIR, 'tests'));
  const programs = files.filter((file) => /^test_.*\.c$/.test(file)).map((file) => file.slice(0, -2));
  expect(programs.sort()).toEqual(PROGRAMS.map((program) => program.name).sort());
});

describe.each(PROGRAMS)('$name', ({ name, drives }) => {
  test.for(BUILDS)('passes, compiled with the sanitizers %s', async (sanitizer, { skip }) => {
    const words = drives === undefined ? [] : [programOf(drives, undefined)];
    const result = await execa(programOf(name, sanitizer), words, {
      reject: false,
      all: true,
      timeout: RUN_TIMEOUT_MS,
    });
    if (result.exitCode === EXIT_SKIPPED) skip(`${name}: ${result.all.trim().split('\n').at(-1)}`);
    expect(result.exitCode, result.all).toBe(0);
    expect(result.all).toMatch(/^ok - /m);
  });
});

function programOf(name: string, sanitizer: Sanitizer | undefined): string {
  return join(folders.get(sanitizer) ?? '', name);
}

async function compile(sanitizer: Sanitizer | undefined): Promise<string> {
  const tests = PROGRAMS.map(({ name, links }) => ({ name, main: `tests/${name}.c`, links }));
  const driven = PROGRAMS.flatMap(({ drives }) => drives ?? []).map((name) => ({
    name,
    main: `files/${name}.c`,
    links: FILE_LINKS,
  }));
  const jobs = [...tests, ...(sanitizer === undefined ? driven : [])].map(async ({ name, main, links }) => ({
    name,
    vital: true,
    args: [join(HELPERS_DIR, main)],
    shared: await sourcesOf(links),
  }));
  const { folder } = await runJobs({
    compiler: await findCompiler(),
    flags: compilerFlags(sanitizer),
    linkFlags: LINK_FLAGS,
    jobs: await Promise.all(jobs),
    key: (await readSources(HELPERS_DIR, FOLDERS)).flat(),
    cacheDir: cacheDir(),
    signal: undefined,
  });
  return folder;
}

async function sourcesOf(links: readonly string[]): Promise<string[]> {
  const lists = links.map(async (link) => {
    if (link.endsWith('.c')) return [link];
    const files = await readdir(join(HELPERS_DIR, link));
    return files.filter((file) => file.endsWith('.c')).map((file) => `${link}/${file}`);
  });
  return (await Promise.all(lists)).flat().map((path) => join(HELPERS_DIR, path));
}
