import { Argument, type Command } from 'commander';
import { documentOf, tablePart } from '../document/document.ts';
import { MODELS } from '../models/registry.ts';
import { renderMarkdown } from '../render/markdown.ts';
import type { RenderOptions } from '../render/table.ts';
import { renderDocument } from '../render/terminal.ts';
import type { RunIndex } from '../results/run-index.ts';
import { LIST_SCHEMA_VERSION, schemaId } from '../results/schema-id.ts';
import { modelsTable, runsTable, workloadsTable } from '../tables/list-table.ts';
import type { Workload } from '../workloads/schema.ts';
import { resultsOption } from './options.ts';
import { markdownOption, terminal, write } from './output.ts';

const LISTS = ['models', 'workloads', 'runs'] as const;
type ListName = (typeof LISTS)[number];

/** The world as `list` sees it. */
export interface ListDeps {
  workloads(): Promise<readonly Workload[]>;
  runs(outDir: string): Promise<RunIndex>;
  warn(text: string): void;
  write(text: string): Promise<void>;
  readonly terminal: RenderOptions;
}

interface ListOptions {
  readonly results: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

const EXAMPLES = `
Examples:
  iomodels-bench list models
  iomodels-bench list workloads --json | jq '.workloads[].id'
  iomodels-bench list runs --json | jq -r '.runs[] | select(.status != "complete") | .folder'

Whether a model can run on this host is told by doctor, which asks its probe.`;

/** `list models|workloads|runs`: what `--models`, `--workloads` and `[run]` can name. */
export function registerList(
  command: Command,
  _signal: AbortSignal,
  makeDeps: () => ListDeps = realDeps,
): void {
  command
    .addArgument(new Argument('<what>', 'which list').choices(LISTS))
    .addOption(resultsOption())
    .addOption(markdownOption())
    .option('--json', 'print only JSON on stdout')
    .addHelpText('after', EXAMPLES)
    .action((what: ListName, options: ListOptions) => list(what, options, makeDeps()));
}

async function list(what: ListName, options: ListOptions, deps: ListDeps): Promise<void> {
  const { rows, table } = await listed(what, options, deps);
  if (options.json) {
    await deps.write(
      `${JSON.stringify({ $schema: schemaId(what), schemaVersion: LIST_SCHEMA_VERSION, [what]: rows }, null, 1)}\n`,
    );
    return;
  }
  if (table === null) return deps.write(`no runs under ${options.results} yet\n`);
  const document = documentOf({ parts: [tablePart(table)] });
  await deps.write(
    `${options.markdown ? renderMarkdown(document) : renderDocument(document, deps.terminal)}\n`,
  );
}

async function listed(what: ListName, { results }: ListOptions, deps: ListDeps) {
  switch (what) {
    case 'models':
      return { rows: MODELS, table: modelsTable(MODELS) };
    case 'workloads': {
      const rows = await deps.workloads();
      return { rows, table: workloadsTable(rows) };
    }
    case 'runs': {
      const { runs, problems } = await deps.runs(results);
      for (const problem of problems) deps.warn(problem);
      return { rows: runs, table: runs.length > 0 ? runsTable(runs) : null };
    }
  }
}

function realDeps(): ListDeps {
  return {
    workloads: async () => (await import('../workloads/load.ts')).loadWorkloads(),
    runs: async (outDir) => (await import('../results/run-index.ts')).listRuns(outDir),
    warn: (text) => void process.stderr.write(`warning: ${text}\n`),
    write,
    terminal: terminal(),
  };
}
