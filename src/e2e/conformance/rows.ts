import { compileHelpers, type Sanitizer } from '../../build/compile.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { MODELS, programsOf } from '../../models/registry.ts';
import type { ModelSpec } from '../../models/spec.ts';
import { probeModel } from '../../server/probe.ts';
import { messageOf } from '../../util/errors.ts';

/** A row of the registry with what its program says about this machine. */
export type Row =
  | { readonly status: 'supported'; readonly model: ModelSpec; readonly path: string }
  | { readonly status: 'unsupported'; readonly model: ModelSpec; readonly reason: string }
  | { readonly status: 'broken'; readonly model: ModelSpec; readonly reason: string };

export interface RowsOptions {
  readonly sanitizer?: Sanitizer;
  /** Default: every row of the registry. */
  readonly models?: readonly ModelSpec[];
  /** A changed copy of `c-helpers`, and where what is built from it is kept. */
  readonly changed?: { readonly sourceDir: string; readonly cacheDir: string };
}

/** Compiles and probes the rows. A program that does not compile breaks its own rows only. */
export async function loadRows(options: RowsOptions = {}): Promise<Row[]> {
  const models = options.models ?? MODELS;
  const programs = [...new Set(models.map((model) => model.program))];
  const paths = await compileEach(programs, options);
  const rows: Row[] = [];
  for (const model of models) {
    const path = paths.get(model.program);
    if (path === undefined || path instanceof Error) {
      rows.push({ status: 'broken', model, reason: messageOf(path) });
      continue;
    }
    const support = await probeModel(model, path, null);
    if (support.supported) rows.push({ status: 'supported', model, path });
    else rows.push(unsupported(model, support.reason ?? 'no reason given'));
  }
  return rows;
}

/** What stands behind a row's id in titles. */
export function rowTitle(row: Row): string {
  return row.status === 'supported' ? row.model.id : `${row.model.id} (${row.status}: ${row.reason})`;
}

/** Said aloud, for reporters do not show the titles of what is skipped. */
function unsupported(model: ModelSpec, reason: string): Row {
  process.stderr.write(`skipped: ${model.id}: ${reason}\n`);
  return { status: 'unsupported', model, reason };
}

/** Program to executable, or to the error of its compilation. */
async function compileEach(
  programs: readonly string[],
  { sanitizer, changed }: RowsOptions,
): Promise<Map<string, string | Error>> {
  const { servers, failures } = await compileHelpers({
    ...(changed ?? { sourceDir: HELPERS_DIR }),
    programs,
    libs: programsOf(MODELS).libs,
    ...(sanitizer ? { sanitizer } : {}),
  });
  return new Map<string, string | Error>([
    ...servers,
    ...[...failures].map(([program, why]) => [program, new Error(why)] as const),
  ]);
}
