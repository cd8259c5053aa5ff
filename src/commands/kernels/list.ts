import type { Command } from 'commander';
import { documentOf, tablePart } from '../../document/document.ts';
import { type Kernel, type KernelProblem, listKernels, originOf } from '../../kernels/resolve.ts';
import type { Origin } from '../../kernels/schema.ts';
import { findQemu, type Qemu } from '../../place/guest/qemu.ts';
import { withSchema } from '../../reports/json.ts';
import { KERNEL_LIST_SCHEMA_VERSION } from '../../results/schema-id.ts';
import { kernelListTable } from '../../tables/kernel-list-table.ts';
import { EnvironmentError } from '../../util/errors.ts';
import { markdownOption, write, writeDocument } from '../output.ts';

interface Options {
  readonly qemu?: string;
  readonly markdown?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench kernels list
  iomodels-bench kernels list --json | jq -r '.kernels[].release'

Whatever stands here can be named by --kernel: by its release, or by as much of it as no other begins with.`;

/** `kernels list`: the kernels that can be booted by name, and the QEMU that would boot them. */
export function registerKernelsList(command: Command, signal: AbortSignal): void {
  command
    .option('--qemu <path>', 'QEMU 10 or newer (default: of PATH, or what kernels get qemu fetched)')
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => list(options, signal));
}

async function list(options: Options, signal: AbortSignal): Promise<void> {
  const { kernels, problems } = await listKernels();
  const listed = await Promise.all(
    kernels.map(async (kernel) => ({ kernel, origin: await originOf(kernel) })),
  );
  const qemu = await askedQemu(options, signal);
  if (options.json) return write(`${JSON.stringify(jsonOf(listed, problems, qemu), null, 1)}\n`);
  for (const { why } of problems) process.stderr.write(`warning: ${why}\n`);
  const facts = [qemu.found ? `QEMU ${qemu.found.version}: ${qemu.found.path}` : `QEMU: ${qemu.problem}`];
  if (kernels.length === 0)
    return write(
      `${facts.join('\n')}\n\nno kernels found in /boot, /lib/modules and the tool's store; iomodels-bench kernels get debian:trixie fetches one\n`,
    );
  await writeDocument(documentOf({ facts, parts: [tablePart(kernelListTable(kernels))] }), options);
}

type FoundQemu =
  | { readonly found: Qemu; readonly problem: null }
  | { readonly found: null; readonly problem: string };

async function askedQemu({ qemu }: Options, signal: AbortSignal): Promise<FoundQemu> {
  try {
    return { found: await findQemu({ ...(qemu === undefined ? {} : { qemu }), signal }), problem: null };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return { found: null, problem: error.message };
  }
}

function jsonOf(
  listed: readonly { readonly kernel: Kernel; readonly origin: Origin | null }[],
  problems: readonly KernelProblem[],
  qemu: FoundQemu,
): object {
  return withSchema('kernel-list', {
    schemaVersion: KERNEL_LIST_SCHEMA_VERSION,
    qemu: qemu.found,
    qemuProblem: qemu.problem,
    kernels: listed.map(({ kernel, origin }) => ({ ...kernel, origin })),
    problems: problems.map(({ why }) => why),
  });
}
