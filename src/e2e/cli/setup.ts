import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** XDG_CACHE_HOME of the runs: helpers are compiled into it once for all tests. */
    cacheHome: string;
    /** Where they lock the CPUs: other runs on this machine are none of these tests' business. */
    lockDir: string;
  }
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What the projects of end-to-end tests share: each loads this file anew, in one process. */
interface Shared {
  readonly cacheHome: string;
  readonly lockDir: string;
  /** How long the build took. */
  readonly buildMs: number;
  users: number;
}
const home = process as { iomodelsBenchTests?: Shared | undefined };

/** How long the command that the tests run took to build; null: it was not. */
export function buildMs(): number | null {
  return home.iomodelsBenchTests?.buildMs ?? null;
}

/** Once before the end-to-end tests: the command that they run is built, and its cache is empty. */
export function setup(project: TestProject): () => void {
  home.iomodelsBenchTests ??= prepare();
  const shared = home.iomodelsBenchTests;
  shared.users++;
  project.provide('cacheHome', shared.cacheHome);
  project.provide('lockDir', shared.lockDir);
  return () => {
    if (--shared.users > 0) return;
    for (const folder of [shared.cacheHome, shared.lockDir]) rmSync(folder, { recursive: true, force: true });
  };
}

function prepare(): Shared {
  const startMs = performance.now();
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  const buildMs = performance.now() - startMs;
  const cacheHome = mkdtempSync(join(tmpdir(), 'iomb-cache-'));
  chmodSync(cacheHome, 0o755);
  const lockDir = mkdtempSync(join(tmpdir(), 'iomb-locks-'));
  chmodSync(lockDir, 0o1777);
  return { cacheHome, lockDir, buildMs, users: 0 };
}
