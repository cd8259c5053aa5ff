import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * Ends the output of a test run with what was skipped and why, and a plain line that any CI can read:
 * `N passed, N failed, N skipped`.
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
    const lines = [...skipped].map(([why, tests]) => `skipped: ${tests} of ${why}\n`);
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
