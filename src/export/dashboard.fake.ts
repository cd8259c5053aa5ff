import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../../examples/grafana/iomodels-bench.json', import.meta.url));

interface DashboardJson {
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

/** A query of a panel. */
export interface DashboardQuery {
  readonly panel: string;
  readonly expr: string;
  /** Labels that the legend shows. */
  readonly legend: readonly string[];
}

/** The dashboard of examples/: its queries, and what its variables list. */
export function readDashboard() {
  const json = JSON.parse(readFileSync(FILE, 'utf8')) as DashboardJson;
  const queries: DashboardQuery[] = json.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => ({
      panel: title,
      expr,
      legend: [...legendFormat.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label = '']) => label),
    })),
  );
  const variables = json.templating.list.flatMap(({ name, query }) => {
    const text = JSON.stringify(query);
    const [, metric, label] = /label_values\((\w+), (\w+)\)/.exec(text) ?? [];
    return metric === undefined || label === undefined ? [] : [{ name, metric, label }];
  });
  return { panels: json.panels.map(({ title }) => title), queries, variables };
}
