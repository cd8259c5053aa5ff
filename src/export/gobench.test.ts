import { expect, test } from 'vitest';
import { exportInput, exportText, NASTY_LABELS, relabelled } from '../fixtures/export-input.ts';
import { cleanTrials } from '../summary/clean-trials.ts';
import { gobenchExporter } from './gobench.ts';

const text = exportText(gobenchExporter);

test('Keys of the file come first, then a line per block and cell', () => {
  expect(text.split('\n').slice(0, 10).join('\n')).toMatchInlineSnapshot(`
    "# iomodels-bench 0.1.0, run 20250101-000000-fixture
    kernel: 6.12.1
    host: 1a2b3c4d5e6f
    arch: x64
    cpu: Example CPU @ 2.50GHz
    Unit req/s better=higher
    Unit goodput-bytes/s better=higher
    Unit instructions-per-cycle better=higher
    Unit cached-share better=higher
    "
  `);
});

test('Every clean trial is a line, so that benchstat has samples to test', () => {
  const { keys, lines } = parse(text);
  expect(keys.kernel).toBe('6.12.1');
  expect(lines).toHaveLength(cleanTrials(exportInput().result).length);
  expect(new Set(lines.map(({ name }) => name)).size).toBe(7);
});

test('Two runs of two kernels differ in the key of the kernel only, which is what -col kernel needs', () => {
  const { result } = exportInput();
  const environment = { ...result.record.environment, kernel: '6.13.0' };
  const record = { ...result.record, runId: 'another', startedAt: '2025-02-02T00:00:00.000Z', environment };
  const other = exportText(gobenchExporter, exportInput({ ...result, record }));
  expect(parse(other).keys).toEqual({ ...parse(text).keys, kernel: '6.13.0' });
});

test('Throughput and time per operation say the same', () => {
  for (const { values } of parse(text).lines)
    expect((values.get('ns/op') ?? 0) * (values.get('req/s') ?? 0)).toBeCloseTo(1e9, 0);
});

test('A number at the end of a workload is not taken for GOMAXPROCS', () => {
  const { result } = exportInput();
  const rename = <T extends { workload: string }>(item: T) => ({ ...item, workload: 'mine-2' });
  const [workload] = result.record.settings.workloads;
  const { lines } = parse(
    exportText(
      gobenchExporter,
      exportInput({
        ...result,
        record: {
          ...result.record,
          settings: { ...result.record.settings, workloads: workload ? [{ ...workload, id: 'mine-2' }] : [] },
          cells: result.record.cells.slice(0, 1).map(rename),
        },
        trials: result.trials.slice(0, 1).map(rename),
      }),
    ),
  );
  expect(lines.map(({ name }) => name)).toEqual([
    'Echo/model=epoll-lt/workload=mine-2/mode=closed/connections=200/active=200/depth=1/bytes=64',
  ]);
});

test('Labels stay apart, and each is one name', () => {
  const names = NASTY_LABELS.map((label) => {
    const { lines } = parse(exportText(gobenchExporter, relabelled(label)));
    const [name] = new Set(lines.map((line) => line.name));
    const part = /^Echo\/model=([^/=]*)\/workload=many-connections\/mode=closed\//.exec(name ?? '')?.[1];
    expect(decodeURIComponent(part ?? '')).toBe(label);
    return name;
  });
  expect(new Set(names).size).toBe(new Set(NASTY_LABELS).size);
});

interface Parsed {
  readonly keys: Readonly<Record<string, string>>;
  readonly lines: readonly { name: string; iterations: number; values: Map<string, number> }[];
}

/**
 * The grammar of the design document (14313) and of `Unit` lines: a key begins with a lower-case letter
 * and holds no space or upper-case one; a result is a name, iterations, and pairs of value and unit.
 * benchstat itself is in no package; a line that is neither, which it would skip, is an error here.
 */
function parse(input: string): Parsed {
  const keys: Record<string, string> = {};
  const lines: Parsed['lines'][number][] = [];
  for (const line of input.trimEnd().split('\n')) {
    if (line === '' || line.startsWith('#') || /^Unit \S+ \S+=\S+$/.test(line)) continue;
    const key = /^([a-z][^\sA-Z:]*):[ \t]+(\S.*)$/.exec(line);
    if (key?.[1] !== undefined && key[2] !== undefined) {
      keys[key[1]] = key[2];
      continue;
    }
    const [name = '', iterations = '', ...pairs] = line.split(/\s+/u);
    if (!/^Benchmark(?!\p{Ll})/u.test(name) || !/^[1-9]\d*$/.test(iterations)) throw new Error(line);
    if (pairs.length === 0 || pairs.length % 2 !== 0) throw new Error(line);
    const values = new Map<string, number>();
    for (let i = 0; i < pairs.length; i += 2) {
      const [value = '', unit = ''] = pairs.slice(i, i + 2);
      if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(value) || /\d/.test(unit[0] ?? '0')) throw new Error(line);
      if (values.has(unit)) throw new Error(`${unit} twice: ${line}`);
      values.set(unit, Number(value));
    }
    lines.push({ name: name.slice('Benchmark'.length), iterations: Number(iterations), values });
  }
  return { keys, lines };
}
