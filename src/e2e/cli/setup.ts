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

/** Once before the end-to-end tests: the command that they run is built, and its cache is empty. */
export function setup(project: TestProject): () => void {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' });
  const cacheHome = mkdtempSync(join(tmpdir(), 'iomb-cache-'));
  chmodSync(cacheHome, 0o755);
  project.provide('cacheHome', cacheHome);
  const lockDir = mkdtempSync(join(tmpdir(), 'iomb-locks-'));
  chmodSync(lockDir, 0o1777);
  project.provide('lockDir', lockDir);
  return () => {
    for (const folder of [cacheHome, lockDir]) rmSync(folder, { recursive: true, force: true });
  };
}
