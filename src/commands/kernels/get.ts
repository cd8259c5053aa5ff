import type { Command } from 'commander';
import { type FetchOptions, getDebianKernel, getQemu } from '../../kernels/fetch.ts';
import { withSchema } from '../../reports/json.ts';
import { KERNEL_LIST_SCHEMA_VERSION } from '../../results/schema-id.ts';
import { UsageError } from '../../util/errors.ts';
import { write } from '../output.ts';

const DEBIAN = 'debian:';

interface Options {
  readonly allowUnsigned?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
What:
  qemu                QEMU of Debian 13, for machines whose own is missing or older than 10
  debian:<suite>      Debian's newest kernel for virtual machines: bookworm, trixie, trixie-backports, sid
  debian:<release>    an exact one that Debian still serves, such as debian:6.18.15+deb13-cloud-amd64

Examples:
  iomodels-bench kernels get qemu debian:bookworm debian:trixie

Nothing is installed, and nothing of the system's packages is changed: apt's own tools fetch the packages, from where
the system's own configuration reaches Debian, check who signed them, and unpack them into the tool's cache.`;

/** `kernels get`: QEMU and kernels into the tool's store. */
export function registerKernelsGet(command: Command, signal: AbortSignal): void {
  command
    .argument('<what...>', 'qemu, debian:<suite> or debian:<release>')
    .option('--allow-unsigned', "take packages unchecked where this system has not Debian's keys")
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((what: readonly string[], options: Options) => get(what, options, signal));
}

async function get(whats: readonly string[], options: Options, signal: AbortSignal): Promise<void> {
  const strange = whats.filter((what) => what !== 'qemu' && !what.startsWith(DEBIAN));
  if (strange.length > 0)
    throw new UsageError(
      strange.map((what) => `kernels get ${what}: must be qemu, debian:<suite> or debian:<release>`),
    );
  const fetch: FetchOptions = {
    allowUnsigned: options.allowUnsigned === true,
    signal,
    onStep: (step) => void process.stderr.write(`${step}\n`),
  };
  const got = [];
  for (const what of new Set(whats)) {
    const { line, json } =
      what === 'qemu' ? await qemu(fetch) : await kernel(what.slice(DEBIAN.length), fetch);
    got.push({ what, ...json });
    if (!options.json) await write(`${line}\n`);
  }
  if (options.json)
    await write(
      `${JSON.stringify(withSchema('kernel-get', { schemaVersion: KERNEL_LIST_SCHEMA_VERSION, got }), null, 1)}\n`,
    );
}

async function qemu(options: FetchOptions) {
  const { found, isNew, origin } = await getQemu(options);
  const { version, path } = found;
  return {
    line: `QEMU ${version}${isNew ? '' : ', there already'}: ${path}`,
    json: { release: null, version, path, isNew, origin },
  };
}

async function kernel(what: string, options: FetchOptions) {
  const { found, isNew, origin } = await getDebianKernel(what, options);
  const { release, path, package: version } = found;
  return {
    line: `${release}${isNew ? '' : ', there already'}: ${path}`,
    json: { release, version: version ?? release, path, isNew, origin },
  };
}
