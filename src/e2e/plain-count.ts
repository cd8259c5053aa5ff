import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { buildMs } from './cli/setup.ts';

/**
 * Ends the output of a test run with the time of each stage, what was skipped and why, and a plain line that any
 * CI can read: `N passed, N failed, N skipped`.
 */
export class PlainCountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0 };
    const skipped = new Map<string, number>();
    for (const module of modules) {
      // A file that cannot be loaded has no tests that could fail.
      if (module.state() === 'failed' && [...module.children.allTests('failed')].length === 0) count.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') count[state]++;
        if (state === 'skipped') skipped.set(whySkipped(test), (skipped.get(whySkipped(test)) ?? 0) + 1);
      }
    }
    const lines = [
      ...stageLines(modules),
      ...[...skipped].map(([why, tests]) => `skipped: ${tests} of ${why}\n`),
    ];
    process.on('exit', () =>
      process.stdout.write(
        `\n${lines.join('')}${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`,
      ),
    );
  }
}

/** Where the test stands, and its reason: what it gave itself, else what its group says in its title. */
function whySkipped(test: TestCase): string {
  const file = test.module.relativeModuleId;
  const { note } = test.result() as { note?: string };
  const groups: string[] = [];
  for (let at = test.parent; at.type === 'suite'; at = at.parent) groups.unshift(at.name);
  const place = groups.length > 0 ? groups.join(' > ') : test.name;
  return `${file}: ${note ?? place}`;
}

/** What the files of each stage took together, the longest first; several may have run at the same time. */
function stageLines(modules: readonly TestModule[]): string[] {
  const stages = new Map<string, { ms: number; files: number }>();
  const add = (name: string, ms: number, files: number) => {
    const stage = stages.get(name) ?? { ms: 0, files: 0 };
    stages.set(name, { ms: stage.ms + ms, files: stage.files + files });
  };
  for (const module of modules) {
    const { prepareDuration, setupDuration, collectDuration, duration } = module.diagnostic();
    add(stageOf(module), prepareDuration + setupDuration + collectDuration + duration, 1);
  }
  const build = buildMs();
  if (build !== null) add('build', build, 0);
  return [...stages]
    .sort(([, a], [, b]) => b.ms - a.ms)
    .map(([name, { ms, files }]) => {
      const of = files === 0 ? '' : ` in ${files} file${files === 1 ? '' : 's'}`;
      return `time: ${(ms / 1000).toFixed(1).padStart(6)} s ${name}${of}\n`;
    });
}

/** `unit`; of an end-to-end test its folder, and of what stands apart or takes long the file. */
function stageOf({ relativeModuleId }: TestModule): string {
  const [, folder = '', file] = /^src\/e2e\/(?:([\w-]+)\/)?([\w-]+)\.test\.ts$/.exec(relativeModuleId) ?? [];
  if (file === undefined) return 'unit';
  return folder === '' || folder === 'conformance' ? file : folder;
}
