import { valueOnAxis } from './axis.ts';
import type { Axis, BarsChart, Chart, HeatChart, IntervalsChart, LinesChart, Mark } from './chart-schema.ts';
import type { Column, Row, Table } from './document-schema.ts';
import { NONE, text } from './table.ts';
import type { Value } from './value-schema.ts';

/** What is said of a value that is judged. */
export const MARK_WORDS: Readonly<Record<Mark, string>> = {
  better: 'better',
  worse: 'worse',
  same: 'no difference',
  unclear: 'unclear',
  none: '',
};

/** All numbers of a chart, for those who would rather read than look: what stands below it. */
export function chartTable(chart: Chart): Table {
  switch (chart.kind) {
    case 'lines':
      return linesTable(chart);
    case 'intervals':
      return intervalsTable(chart);
    case 'bars':
      return barsTable(chart);
    case 'heat':
      return heatTable(chart);
  }
}

function left(key: string, header: string): Column {
  return { key, header, align: 'left', priority: 0 };
}

function right(key: string, header: string): Column {
  return { key, header, align: 'right', priority: 0 };
}

/** Without the columns in which no row has anything. */
function tableOf(title: string, columns: readonly Column[], rows: readonly Row[]): Table {
  const filled = ({ key }: Column) => rows.some((row) => isFilled(row[key]));
  return { title, columns: columns.filter(filled), rows: [...rows], notes: [] };
}

function isFilled(value: Value | undefined): boolean {
  return value !== undefined && value.kind !== 'none' && !(value.kind === 'text' && value.text === '');
}

function measured(value: number, axis: Axis, enough = true): Value {
  const shown = valueOnAxis(value, axis);
  return shown.kind === 'duration' ? { ...shown, enough } : shown;
}

function linesTable({ title, x, y, series, marks = [] }: LinesChart): Table {
  const at = (place: number) => marks.find((mark) => mark.x === place)?.text ?? '';
  const rows = series.flatMap(({ label, points, fit }) => [
    ...points.map((point): Row => {
      const fitted = fit?.points.find((one) => one.x === point.x);
      return {
        label: text(label),
        name: text(point.name ?? ''),
        x: valueOnAxis(point.x, x),
        y: measured(point.y, y, point.enough ?? true),
        enough: text(point.enough === false ? 'too few samples' : ''),
        ...(fitted === undefined
          ? {}
          : {
              fit: valueOnAxis(fitted.y, y),
              low: valueOnAxis(fitted.low, y),
              high: valueOnAxis(fitted.high, y),
            }),
        mark: text(at(point.x)),
      };
    }),
  ]);
  const columns = [
    left('label', 'row'),
    left('name', 'point'),
    right('x', x.label),
    right('y', y.label),
    right('fit', 'fit'),
    right('low', 'from'),
    right('high', 'to'),
    left('enough', 'samples'),
    left('mark', 'here'),
  ];
  return tableOf(title, columns, rows);
}

function intervalsTable({ title, x, groups }: IntervalsChart): Table {
  const rows = groups.flatMap((group) =>
    group.rows.flatMap(({ label, points }) =>
      points.map(
        (point): Row => ({
          group: text(group.label),
          label: text(label),
          name: text(point.name),
          value: valueOnAxis(point.value, x),
          low: point.interval === null ? NONE : valueOnAxis(point.interval.low, x),
          high: point.interval === null ? NONE : valueOnAxis(point.interval.high, x),
          mark: text(MARK_WORDS[point.mark]),
          note: text(point.note),
        }),
      ),
    ),
  );
  const columns = [
    left('group', ''),
    left('label', 'row'),
    left('name', 'what'),
    right('value', x.label),
    right('low', '95 % from'),
    right('high', 'to'),
    left('mark', 'verdict'),
    left('note', 'note'),
  ];
  return tableOf(title, columns, rows);
}

function barsTable({ title, x, markerName, groups }: BarsChart): Table {
  const rows = groups.flatMap((group) =>
    group.bars.map(
      (bar): Row => ({
        group: text(group.label),
        label: text(bar.label),
        value: valueOnAxis(bar.value, x),
        marker: bar.marker === null ? NONE : valueOnAxis(bar.marker, x),
        note: text(bar.note),
      }),
    ),
  );
  const columns = [
    left('group', ''),
    left('label', 'row'),
    right('value', x.label),
    right('marker', markerName),
    left('note', 'note'),
  ];
  return tableOf(title, columns, rows);
}

function heatTable({ title, rows, columns, cells, value, markName }: HeatChart): Table {
  return tableOf(
    title,
    [
      left('row', rows.label),
      left('column', columns.label),
      right('value', value.label),
      left('mark', markName),
      left('note', 'note'),
    ],
    cells.map(
      (cell): Row => ({
        row: text(rows.names[cell.row] ?? ''),
        column: text(columns.names[cell.column] ?? ''),
        value: cell.value === null ? NONE : valueOnAxis(cell.value, value),
        mark: text(cell.marked ? 'yes' : ''),
        note: text(cell.note),
      }),
    ),
  );
}
