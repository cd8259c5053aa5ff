import { type Artifacts, compileHelpers, type Sanitizer } from '../../build/compile.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { MODELS, programsOf, SOCKET_MODELS } from '../../models/registry.ts';
import type { ModelSpec } from '../../models/spec.ts';
import { probeModel } from '../../server/probe.ts';

/** A row as its probe is asked in tests: what it does with network cards is checked as well, although loopback has none. */
export function withAnyCard(model: ModelSpec): ModelSpec {
  return { ...model, options: [...model.options, '--host=0.0.0.0'] };
}

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
  const models = options.models ?? SOCKET_MODELS;
  const programs = [...new Set(models.map((model) => model.program))];
  const { servers, failures, lacking } = await compileEach(programs, options);
  const rows: Row[] = [];
  for (const model of models) {
    const path = servers.get(model.program);
    if (path === undefined) {
      const reason = failures.get(model.program) ?? 'it was not compiled';
      rows.push(
        lacking.has(model.program) ? unsupported(model, reason) : { status: 'broken', model, reason },
      );
      continue;
    }
    const support = await probeModel(withAnyCard(model), path, null);
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

function compileEach(programs: readonly string[], { sanitizer, changed }: RowsOptions): Promise<Artifacts> {
  const { libs, packages } = programsOf(SOCKET_MODELS, MODELS);
  return compileHelpers({
    ...(changed ?? { sourceDir: HELPERS_DIR }),
    programs,
    libs,
    packages,
    ...(sanitizer ? { sanitizer } : {}),
  });
}
