import { Argument, type Command } from 'commander';
import { documentOf, tablePart } from '../document/document.ts';
import { MODELS } from '../models/registry.ts';
import { renderMarkdown } from '../render/markdown.ts';
import type { RenderOptions } from '../render/table.ts';
import { renderDocument } from '../render/terminal.ts';
import { LIST_SCHEMA_VERSION, schemaId } from '../results/schema-id.ts';
import { modelsTable, workloadsTable } from '../tables/list-table.ts';
import type { Workload } from '../workloads/schema.ts';
import { markdownOption, terminal, write } from './output.ts';

const LISTS = ['models', 'workloads'] as const;
type ListName = (typeof LISTS)[number];

/** The world as `list` sees it. */
export interface ListDeps {
  workloads(): Promise<readonly Workload[]>;
  write(text: string): Promise<void>;
  readonly terminal: RenderOptions;
}

interface ListOptions {
  readonly json?: boolean;
  readonly markdown?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench list models
  iomodels-bench list workloads --json | jq '.workloads[].id'

Whether a model can run on this host is told by doctor, which asks its probe.`;

/** `list models|workloads`: what `--models` and `--workloads` can name. */
export function registerList(
  command: Command,
  _signal: AbortSignal,
  makeDeps: () => ListDeps = realDeps,
): void {
  command
    .addArgument(new Argument('<what>', 'which list').choices(LISTS))
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((what: ListName, options: ListOptions) => list(what, options, makeDeps()));
}

async function list(what: ListName, options: ListOptions, deps: ListDeps): Promise<void> {
  const { rows, table } = await listed(what, deps);
  if (options.json) {
    await deps.write(
      `${JSON.stringify({ $schema: schemaId(what), schemaVersion: LIST_SCHEMA_VERSION, [what]: rows }, null, 1)}\n`,
    );
    return;
  }
  const document = documentOf({ parts: [tablePart(table)] });
  await deps.write(
    `${options.markdown ? renderMarkdown(document) : renderDocument(document, deps.terminal)}\n`,
  );
}

async function listed(what: ListName, deps: ListDeps) {
  if (what === 'models') return { rows: MODELS, table: modelsTable(MODELS) };
  const rows = await deps.workloads();
  return { rows, table: workloadsTable(rows) };
}

function realDeps(): ListDeps {
  return {
    workloads: async () => (await import('../workloads/load.ts')).loadWorkloads(),
    write,
    terminal: terminal(process.stdout),
  };
}
