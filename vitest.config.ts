import { defineConfig } from 'vitest/config';
import { PlainCountReporter } from './src/e2e/plain-count.ts';

/** A unit test does nothing slow; a machine that stalls may still take this long. */
const UNIT_TEST_TIMEOUT_MS = 10_000;
/** An end-to-end test may compile, and move megabytes through a sanitizer build. */
const E2E_TEST_TIMEOUT_MS = 120_000;
const E2E_HOOK_TIMEOUT_MS = 180_000;

/** Files that want the CPUs for themselves: they judge what was measured, or time what is interrupted. */
const ALONE = [
  'src/e2e/{c-unit,traces}.test.ts',
  'src/e2e/cli/{ci-kit,interruption,ladder,sensitivity,sharing}.test.ts',
  'src/e2e/{calibration,load,place}/**/*.test.ts',
];

const e2e = {
  globalSetup: ['src/e2e/cli/setup.ts'],
  testTimeout: E2E_TEST_TIMEOUT_MS,
  hookTimeout: E2E_HOOK_TIMEOUT_MS,
  // A process per file: the servers it starts end with it.
  pool: 'forks',
} as const;

export default defineConfig({
  test: {
    reporters: ['default', new PlainCountReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          exclude: ['src/e2e/**'],
          testTimeout: UNIT_TEST_TIMEOUT_MS,
          // Nothing is mocked and no file keeps state, so that they can share processes and what these
          // have imported; by default one CPU of two would be left idle.
          pool: 'forks',
          isolate: false,
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        // What is right or wrong however fast it is: two files at a time, for much of it is waiting.
        test: {
          ...e2e,
          name: 'e2e',
          include: ['src/e2e/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: { ...e2e, name: 'e2e-alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
