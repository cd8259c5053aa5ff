import type { Table } from '../document/document-schema.ts';
import { type Tone, text } from '../document/table.ts';

/** A line of the table. */
export interface BaselineRow {
  readonly name: string;
  readonly host: string;
  readonly thisHost: boolean;
  readonly kernel: string;
  /** Of the two builds of a release, which. */
  readonly kernelVersion: string;
  readonly thisKernel: boolean;
  /** ISO 8601. */
  readonly savedAt: string;
  /** The first of them. */
  readonly runId: string;
  readonly runs: number;
  readonly status: string;
}

/** `baseline list`: what is kept to compare with, as ordered. */
export function baselinesTable(rows: readonly BaselineRow[]): Table {
  return {
    title: 'Baselines',
    columns: [
      { key: 'name', header: 'name', align: 'left', priority: 0 },
      { key: 'host', header: 'host', align: 'left', priority: 2 },
      { key: 'kernel', header: 'kernel', align: 'left', priority: 0 },
      { key: 'build', header: 'build', align: 'left', priority: 5 },
      { key: 'saved', header: 'saved (UTC)', align: 'left', priority: 3 },
      { key: 'run', header: 'run', align: 'left', priority: 1 },
      { key: 'status', header: 'status', align: 'left', priority: 4 },
    ],
    rows: rows.map((row) => {
      const own = row.thisHost ? 'plain' : 'faint';
      return {
        name: text(row.name, 'strong'),
        host: marked(row.host, row.thisHost, own),
        kernel: marked(row.kernel, row.thisHost && row.thisKernel, own),
        build: text(row.kernelVersion, own),
        saved: text(row.savedAt.slice(0, 19).replace('T', ' '), own),
        run: text(row.runs === 1 ? row.runId : `${row.runId} and ${row.runs - 1} more`, own),
        status: text(row.status, own),
      };
    }),
    notes: ['* this host, the running kernel'],
  };
}

function marked(value: string, mark: boolean, tone: Tone) {
  return text(mark ? `${value}*` : value, tone);
}
