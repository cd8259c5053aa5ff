import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { GOOD_FACTS, supportOf } from '../fixtures/facts.ts';
import { fakeHost } from '../fixtures/host.ts';
import { EnvironmentError } from '../util/errors.ts';
import { type DoctorDeps, registerDoctor } from './doctor.ts';

interface Outcome {
  readonly stdout: string;
  readonly error: unknown;
}

async function run(args: readonly string[], change: Partial<DoctorDeps> = {}): Promise<Outcome> {
  let stdout = '';
  const deps: DoctorDeps = {
    host: fakeHost({ '/proc/self/status': 'Cpus_allowed_list:\t0-3\n' }),
    findCompiler: async () => ({ command: 'cc', version: 'cc 12' }),
    prepareHelpers: async () => ({
      support: supportOf(),
      ffiCall: () => {},
      congestion: 'reno',
      hardwareErrnos: [0, 0, 0, 0],
    }),
    workloads: GOOD_FACTS.workloads,
    cacheDir: '/tmp',
    terminal: { width: 100, color: false },
    write: async (text) => {
      stdout += text;
    },
    ...change,
  };
  const program = new Command('iomodels-bench').exitOverride();
  registerDoctor(program.command('doctor'), new AbortController().signal, () => deps);
  try {
    await program.parseAsync(['doctor', ...args], { from: 'user' });
    return { stdout, error: null };
  } catch (error) {
    return { stdout, error };
  }
}

const NO_COMPILER: Partial<DoctorDeps> = {
  findCompiler: async () => Promise.reject(new EnvironmentError('no C compiler: tried cc')),
  prepareHelpers: async () => Promise.reject(new EnvironmentError('no C compiler: tried cc')),
};

describe('doctor', () => {
  test('prints its findings and succeeds, whatever they are', async () => {
    const { stdout, error } = await run([]);
    expect(error).toBeNull();
    expect(stdout).toMatch(/^ok +C compiler +cc: cc 12$/m);
    expect(stdout).toMatch(/nothing was changed on this host\n$/);
  });

  test('prints only JSON with --json', async () => {
    const { stdout } = await run(['--json']);
    const report = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual(['$schema', 'schemaVersion', 'findings', 'environment']);
    for (const finding of report.findings)
      expect(Object.keys(finding).sort()).toEqual(['fix', 'id', 'meaning', 'status', 'title', 'value']);
  });

  test('reports in full where nothing can run, and then fails as an environment error', async () => {
    for (const args of [[], ['--json']]) {
      const { stdout, error } = await run(args, NO_COMPILER);
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(stdout).toContain('mitigations');
      if (args.length > 0) expect(() => JSON.parse(stdout)).not.toThrow();
    }
  });

  test('looks at the folder that --results names', async () => {
    const { stdout } = await run(['--results', '/proc/nowhere', '--json']);
    const folder = JSON.parse(stdout).findings.find((f: { id: string }) => f.id === 'results-folder');
    expect(folder.value).toMatch(/^\/proc\/nowhere, /);
  });
});
