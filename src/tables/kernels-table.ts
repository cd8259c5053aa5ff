import type { KernelMatrix, MatrixCell } from '../compare/kernel-matrix-schema.ts';
import type { Row, Table } from '../document/document-schema.ts';
import { formatCount } from '../document/format.ts';
import { text } from '../document/table.ts';
import type { Value } from '../document/value-schema.ts';
import { counted } from '../util/units.ts';

/** Models under workloads, beside kernels: of the first the path length, of the others how it changed. */
export function kernelsTable({ guest, kernels, rows }: KernelMatrix): Table {
  const names = kernelNames(kernels);
  return {
    title: `Guest instructions per request, ${counted(guest.smp, 'CPU')}${guest.smp === 1 ? ' for server and client' : ': server and client have one each'}`,
    columns: [
      { key: 'workload', header: 'workload', align: 'left', priority: 0 },
      { key: 'model', header: 'model', align: 'left', priority: 0 },
      ...names.map((name, i) => ({
        key: `k${i}`,
        header: i === 0 ? `${name}\ninstr./req` : `${name}\ninstr./req, change`,
        align: 'right' as const,
        priority: 0 as const,
      })),
    ],
    rows: rows.map(
      (row): Row => ({
        workload: text(row.workload),
        model: text(row.label),
        ...Object.fromEntries(row.cells.map((cell, i) => [`k${i}`, cellValue(cell)])),
      }),
    ),
    notes: notesOf(rows, names),
  };
}

/** Short names: what tells one release from the others. */
export function kernelNames(kernels: readonly { readonly release: string }[]): string[] {
  const seen = new Map<string, number>();
  return kernels.map(({ release }) => {
    const short = /^\d+\.\d+(?:\.\d+)?(?:-rc\d+)?/.exec(release)?.[0] ?? release;
    const alike = kernels.filter((other) => other.release !== release && other.release.startsWith(short));
    const name = alike.length > 0 ? release : short;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name}#${times}`;
  });
}

const SIGNS = { regressed: '!', improved: '+', same: '=', inconclusive: '?' } as const;

function cellValue({ value, change, verdict, modes }: MatrixCell): Value {
  if (value === null) return text('-', 'faint');
  const number =
    modes === null ? formatCount(value) : `${formatCount(modes.low)} or ${formatCount(modes.high)}`;
  if (change === null || verdict === null) return text(number);
  const tone = verdict === 'regressed' || verdict === 'improved' ? 'strong' : 'faint';
  return text(`${number}  ${percent(change.ratio)} ${SIGNS[verdict]}`, tone);
}

function percent(ratio: number): string {
  const share = 100 * (ratio - 1);
  return `${share >= 0 ? '+' : ''}${share.toFixed(Math.abs(share) < 9.995 ? 2 : 1)} %`;
}

function notesOf(rows: KernelMatrix['rows'], names: readonly string[]): string[] {
  const cells = rows.flatMap((row) =>
    row.cells.map((cell) => ({ ...cell, row, name: names[cell.kernel] ?? '' })),
  );
  const used = new Set(cells.flatMap(({ verdict }) => verdict ?? []));
  const meanings = [
    used.has('regressed') ? '! longer' : null,
    used.has('improved') ? '+ shorter' : null,
    used.has('same') ? '= the same within what is to be found' : null,
    used.has('inconclusive') ? '? not decided' : null,
  ].filter((meaning) => meaning !== null);
  const bimodal = cells.filter(({ modes }) => modes !== null);
  const reasons = new Map<string, string[]>();
  for (const { reason, row, name } of cells)
    if (reason !== null)
      reasons.set(reason, [...(reasons.get(reason) ?? []), `${row.label} ${row.workload} ${name}`]);
  return [
    ...(meanings.length > 0 ? [`Against ${names[0]}: ${meanings.join(', ')}.`] : []),
    ...bimodal.map(
      ({ row, name, modes }) =>
        `bimodal: ${row.label} ${row.workload} under ${name}: its trials fall into two groups, ${Math.round(100 * (modes?.highShare ?? 0))} % of them in the upper one.`,
    ),
    ...[...reasons].map(
      ([reason, of]) =>
        `${of.length > 3 ? `${of.slice(0, 3).join('; ')}; and ${of.length - 3} more` : of.join('; ')}: ${reason}`,
    ),
  ];
}
