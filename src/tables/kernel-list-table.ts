import type { Table } from '../document/document-schema.ts';
import { NONE, text } from '../document/table.ts';

/** What the table shows of a kernel. */
export interface ListedKernel {
  readonly release: string;
  readonly package: string | null;
  readonly source: 'path' | 'host' | 'store';
  readonly running: boolean;
  readonly path: string;
}

const WHERE = { path: 'path', host: 'host', store: 'store' } as const;

/** `kernels list`: what can be named by `--kernel`. */
export function kernelListTable(kernels: readonly ListedKernel[]): Table {
  return {
    title: 'Kernels',
    columns: [
      { key: 'release', header: 'release', align: 'left', priority: 0 },
      { key: 'where', header: 'where', align: 'left', priority: 1 },
      { key: 'package', header: 'package', align: 'left', priority: 2 },
      { key: 'path', header: 'image', align: 'left', priority: 3 },
    ],
    rows: kernels.map(({ release, source, running, package: version, path }) => ({
      release: text(release, 'strong'),
      where: text(running ? `${WHERE[source]}, running` : WHERE[source]),
      package: version === null ? NONE : text(version),
      path: text(path),
    })),
    notes: [],
  };
}
