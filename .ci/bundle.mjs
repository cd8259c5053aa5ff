// Puts the libraries that draw charts into the compiled file that imports them, and their licences beside it:
// whoever installs the package installs none of them. node .ci/bundle.mjs <folder of the build>
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** What asks of whoever passes it on no more than its text. */
const LICENSES = new Set(['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']);

const [folder] = process.argv.slice(2);
const entry = join(folder, 'render/html/plot.js');
const { metafile } = await build({
  entryPoints: [entry],
  outfile: entry,
  allowOverwrite: true,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
});

/** The folder of the package that a file is of; null: it is ours, or made up by the bundler. */
function packageOf(file) {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file);
  return found === null ? null : found[1];
}

// What is left of each package is told, and of no other.
const packages = new Set(
  Object.entries(Object.values(metafile.outputs)[0].inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => packageOf(file))
    .filter((name) => name !== null),
);
const texts = [...packages].sort().map((path) => {
  const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  if (!LICENSES.has(license)) throw new Error(`${name} ${version} is under ${license}: may it be passed on?`);
  const file = readdirSync(path).find((one) => /^(licen[cs]e|copying)/i.test(one));
  if (file === undefined || !existsSync(join(path, file)))
    throw new Error(`${name} ${version} has no text of its licence`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(path, file), 'utf8').trim()}\n`;
});
writeFileSync(
  join(dirname(entry), 'THIRD-PARTY-LICENSES.txt'),
  `What plot.js in this folder holds of others, each under its own licence.\n\n${texts.join(`\n${'-'.repeat(72)}\n\n`)}`,
);
