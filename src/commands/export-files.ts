import { join } from 'node:path';
import { select } from '../config/selection.ts';
import { type Exporter, type ExportInput, filesOf } from '../export/exporter.ts';
import { EXPORTERS } from '../export/index.ts';
import { UsageError } from '../util/errors.ts';
import { type ExportTarget, locateExports, requireWritable, writeTo } from './export-targets.ts';

/** `--export <format[=path]>`, before it is known where the run is stored. */
export interface ExportRequest {
  readonly exporter: Exporter;
  /** Null: in the folder of the run. */
  readonly path: string | null;
}

/** Names and globs of `known` to exporters, each once. Throws `UsageError`. */
export function parseFormats(list: string, known: readonly Exporter[] = EXPORTERS): readonly Exporter[] {
  const { names, problems } = select(
    list,
    known.map(({ id }) => id),
    'format',
  );
  if (problems.length > 0) throw new UsageError(problems);
  return known.filter(({ id }) => names.includes(id));
}

/** `json`, `json,csv`, `junit=report.xml`, `json,csv=folder`. Throws `UsageError`. */
export function parseExportRequest(
  text: string,
  known: readonly Exporter[] = EXPORTERS,
): readonly ExportRequest[] {
  const at = text.indexOf('=');
  const path = at < 0 ? null : text.slice(at + 1);
  if (path === '') throw new UsageError(`--export ${text} has no path after its =`);
  const exporters = parseFormats(at < 0 ? text : text.slice(0, at), known);
  // A path of several is a folder, also where it is not there yet.
  const folder = path !== null && exporters.flatMap(({ files }) => files).length > 1;
  return exporters.map((exporter) => ({ exporter, path: folder ? join(path, '/') : path }));
}

/** Where requests of `run` go once it is known where the run is stored. Throws as `locateExports` does. */
export async function locateRequests(
  requests: readonly ExportRequest[],
  runFolder = '.',
): Promise<readonly ExportTarget[]> {
  const located = requests.map(({ exporter, path }) =>
    locateExports([exporter], path ?? join(runFolder, 'exports/')),
  );
  const targets = (await Promise.all(located)).flat();
  const paths = targets.flatMap((target) => target.paths);
  const twice = paths.find((path, i) => paths.indexOf(path) !== i);
  if (twice !== undefined) throw new UsageError(`two exports would be written to ${twice}`);
  return targets;
}

/**
 * Replaces every file as a whole: whoever reads it meanwhile has the old or the new one.
 * @param options as `filesOf` has them.
 */
export async function writeExports(
  inputs: readonly ExportInput[],
  targets: readonly ExportTarget[],
  options: { readonly history?: boolean } = {},
): Promise<void> {
  for (const { exporter, paths } of targets) {
    noteLacks(exporter, inputs);
    for (const [i, { name, text }] of filesOf(exporter, inputs, options).entries()) {
      const [folder = ''] = paths;
      // Of a format with a file per cell the path is that of their folder.
      const path = exporter.names === undefined ? paths[i] : join(folder, name);
      if (exporter.names !== undefined) await requireWritable(folder);
      if (path !== undefined) await writeTo(path, text);
    }
  }
}

/** Exports a run that was just measured, as `--export` asked, and says on stderr where to. */
export async function exportRun(
  input: ExportInput,
  folder: string,
  requests: readonly ExportRequest[],
): Promise<void> {
  if (requests.length === 0) return;
  const targets = await locateRequests(requests, folder);
  await writeExports([input], targets);
  for (const path of targets.flatMap(({ paths }) => paths)) process.stderr.write(`exported to ${path}\n`);
}

/** Says on stderr of which runs a format has nothing, and why. */
export function noteLacks({ id, lacks }: Exporter, inputs: readonly ExportInput[]): void {
  for (const input of inputs) {
    const why = lacks?.(input) ?? null;
    if (why !== null)
      process.stderr.write(`warning: ${id} has nothing of ${input.result.record.runId}: ${why}\n`);
  }
}
