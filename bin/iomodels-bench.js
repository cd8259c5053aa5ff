#!/usr/bin/env node
import { existsSync } from 'node:fs';

/** As EXIT.environment of src/util/errors.ts, which is not there without a build. */
const EXIT_ENVIRONMENT = 3;

const entry = new URL('../dist/cli.js', import.meta.url);
if (existsSync(entry)) {
  await import(entry.href);
} else {
  process.stderr.write(
    'error: this checkout is not built, because npm ran without its scripts or was interrupted: npm run build\n',
  );
  process.exitCode = EXIT_ENVIRONMENT;
}
