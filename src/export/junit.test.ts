import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { COMPARISON } from '../fixtures/comparison.ts';
import { exportInput, exportText, NASTY_LABELS, relabelled } from '../fixtures/export-input.ts';
import { junitExporter } from './junit.ts';

test('Of a run alone, a cell that is skipped or broke is not passed, and nothing is a failure', () => {
  expect(exportText(junitExporter)).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="iomodels-bench" tests="8" failures="0" errors="1" skipped="1" time="19.320">
      <testsuite name="many-connections" tests="4" failures="0" errors="1" skipped="0" time="11.040" timestamp="2025-01-01T00:00:00">
        <properties>
          <property name="run" value="20250101-000000-fixture"/>
          <property name="host" value="1a2b3c4d5e6f"/>
          <property name="kernel" value="6.12.1"/>
          <property name="arch" value="x64"/>
          <property name="cpu" value="Example CPU @ 2.50GHz"/>
          <property name="version" value="0.1.0"/>
        </properties>
        <testcase name="epoll-lt" classname="many-connections" time="2.760"/>
        <testcase name="epoll-et" classname="many-connections" time="2.760"/>
        <testcase name="io_uring" classname="many-connections" time="2.760"/>
        <testcase name="select" classname="many-connections" time="2.760">
          <error message="1 trial failed: load: the server ended with SIGKILL" type="trial">1 trial failed: load: the server ended with SIGKILL</error>
        </testcase>
      </testsuite>
      <testsuite name="fixed-rate" tests="4" failures="0" errors="0" skipped="1" time="8.280" timestamp="2025-01-01T00:00:00">
        <properties>
          <property name="run" value="20250101-000000-fixture"/>
          <property name="host" value="1a2b3c4d5e6f"/>
          <property name="kernel" value="6.12.1"/>
          <property name="arch" value="x64"/>
          <property name="cpu" value="Example CPU @ 2.50GHz"/>
          <property name="version" value="0.1.0"/>
        </properties>
        <testcase name="epoll-lt" classname="fixed-rate" time="2.760"/>
        <testcase name="epoll-et" classname="fixed-rate" time="2.760"/>
        <testcase name="io_uring" classname="fixed-rate" time="2.760"/>
        <testcase name="select" classname="fixed-rate" time="0.000">
          <skipped message="holds at most 1016 connections, the workload needs 2000"/>
        </testcase>
      </testsuite>
    </testsuites>
    "
  `);
});

test('Of a comparison, a regression is a failure, and what could not be said is skipped', () => {
  expect(exportText(junitExporter, { ...exportInput(), comparison: COMPARISON })).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="iomodels-bench" tests="11" failures="2" errors="1" skipped="6" time="8.280">
      <testsuite name="all cells together" tests="2" failures="1" errors="0" skipped="1" time="0.000" timestamp="2025-01-01T00:00:00">
        <properties>
          <property name="run" value="20250101-000000-fixture"/>
          <property name="host" value="1a2b3c4d5e6f"/>
          <property name="kernel" value="6.12.1"/>
          <property name="arch" value="x64"/>
          <property name="cpu" value="Example CPU @ 2.50GHz"/>
          <property name="version" value="0.1.0"/>
        </properties>
        <testcase name="cpuNsPerRequest" classname="all cells together" time="0.000">
          <failure message="regressed: +11.2 % [+9.8 %, +12.4 %] over 1 cell" type="regression">regressed: +11.2 % [+9.8 %, +12.4 %] over 1 cell</failure>
        </testcase>
        <testcase name="responseP99Ns" classname="all cells together" time="0.000">
          <skipped message="inconclusive: tails need 3 runs a side"/>
        </testcase>
      </testsuite>
      <testsuite name="many-connections" tests="7" failures="1" errors="1" skipped="3" time="5.520" timestamp="2025-01-01T00:00:00">
        <properties>
          <property name="run" value="20250101-000000-fixture"/>
          <property name="host" value="1a2b3c4d5e6f"/>
          <property name="kernel" value="6.12.1"/>
          <property name="arch" value="x64"/>
          <property name="cpu" value="Example CPU @ 2.50GHz"/>
          <property name="version" value="0.1.0"/>
        </properties>
        <testcase name="epoll-lt syscallsPerRequest" classname="many-connections" time="0.460"/>
        <testcase name="epoll-lt cpuNsPerRequest" classname="many-connections" time="0.460">
          <failure message="regressed: +11.2 % [+9.8 %, +12.4 %], 6,400 to 7,117, to be found 5 %, p 0.0021, decided by best" type="regression">regressed: +11.2 % [+9.8 %, +12.4 %], 6,400 to 7,117, to be found 5 %, p 0.0021, decided by best</failure>
        </testcase>
        <testcase name="epoll-lt responseP50Ns" classname="many-connections" time="0.460">
          <skipped message="not confirmed by a second measurement: +11.2 % [+9.8 %, +12.4 %], 6,400 to 7,117, to be found 5 %, p 0.0021, decided by best"/>
        </testcase>
        <testcase name="epoll-lt responseP99Ns" classname="many-connections" time="0.460">
          <skipped message="inconclusive: tails need 3 runs a side"/>
        </testcase>
        <testcase name="epoll-lt throughputPerS" classname="many-connections" time="0.460"/>
        <testcase name="epoll-lt rssMaxBytes" classname="many-connections" time="0.460">
          <skipped message="not compared: not in the base"/>
        </testcase>
        <testcase name="select" classname="many-connections" time="2.760">
          <error message="1 trial failed: load: the server ended with SIGKILL" type="trial">1 trial failed: load: the server ended with SIGKILL</error>
        </testcase>
      </testsuite>
      <testsuite name="fixed-rate" tests="2" failures="0" errors="0" skipped="2" time="2.760" timestamp="2025-01-01T00:00:00">
        <properties>
          <property name="run" value="20250101-000000-fixture"/>
          <property name="host" value="1a2b3c4d5e6f"/>
          <property name="kernel" value="6.12.1"/>
          <property name="arch" value="x64"/>
          <property name="cpu" value="Example CPU @ 2.50GHz"/>
          <property name="version" value="0.1.0"/>
        </properties>
        <testcase name="io_uring" classname="fixed-rate" time="2.760">
          <skipped message="not compared: not in the base"/>
        </testcase>
        <testcase name="select" classname="fixed-rate" time="0.000">
          <skipped message="not compared: skipped on both sides"/>
        </testcase>
      </testsuite>
    </testsuites>
    "
  `);
});

test('What the base has and the run lost is a failure, also where the run knows nothing of it', () => {
  const lost = { metric: null, allowed: false };
  const missing = [
    { ...lost, label: 'epoll-lt', workload: 'many-connections', metric: 'cpuNsPerRequest', reason: 'r' },
    { ...lost, label: 'select', workload: 'fixed-rate', reason: 'skipped in current: FD_SETSIZE' },
    { ...lost, label: 'poll', workload: 'fixed-rate', reason: 'not in current' },
    { ...lost, label: 'poll', workload: 'c10k', reason: 'not in current', allowed: true },
  ];
  const comparison = { ...COMPARISON, metrics: [], leftOut: [], missing };
  const text = exportText(junitExporter, { ...exportInput(), comparison });
  expect(text.slice(text.indexOf('<testsuite '))).toMatchInlineSnapshot(`
    "<testsuite name="all cells together" tests="2" failures="1" errors="0" skipped="1" time="0.000" timestamp="2025-01-01T00:00:00">
        <properties>
          <property name="run" value="20250101-000000-fixture"/>
          <property name="host" value="1a2b3c4d5e6f"/>
          <property name="kernel" value="6.12.1"/>
          <property name="arch" value="x64"/>
          <property name="cpu" value="Example CPU @ 2.50GHz"/>
          <property name="version" value="0.1.0"/>
        </properties>
        <testcase name="cpuNsPerRequest" classname="all cells together" time="0.000">
          <failure message="regressed: +11.2 % [+9.8 %, +12.4 %] over 1 cell" type="regression">regressed: +11.2 % [+9.8 %, +12.4 %] over 1 cell</failure>
        </testcase>
        <testcase name="responseP99Ns" classname="all cells together" time="0.000">
          <skipped message="inconclusive: tails need 3 runs a side"/>
        </testcase>
      </testsuite>
      <testsuite name="many-connections" tests="2" failures="1" errors="1" skipped="0" time="5.520" timestamp="2025-01-01T00:00:00">
        <properties>
          <property name="run" value="20250101-000000-fixture"/>
          <property name="host" value="1a2b3c4d5e6f"/>
          <property name="kernel" value="6.12.1"/>
          <property name="arch" value="x64"/>
          <property name="cpu" value="Example CPU @ 2.50GHz"/>
          <property name="version" value="0.1.0"/>
        </properties>
        <testcase name="epoll-lt cpuNsPerRequest" classname="many-connections" time="2.760">
          <failure message="missing: r" type="missing">missing: r</failure>
        </testcase>
        <testcase name="select" classname="many-connections" time="2.760">
          <error message="1 trial failed: load: the server ended with SIGKILL" type="trial">1 trial failed: load: the server ended with SIGKILL</error>
        </testcase>
      </testsuite>
      <testsuite name="fixed-rate" tests="2" failures="2" errors="0" skipped="0" time="0.000" timestamp="2025-01-01T00:00:00">
        <properties>
          <property name="run" value="20250101-000000-fixture"/>
          <property name="host" value="1a2b3c4d5e6f"/>
          <property name="kernel" value="6.12.1"/>
          <property name="arch" value="x64"/>
          <property name="cpu" value="Example CPU @ 2.50GHz"/>
          <property name="version" value="0.1.0"/>
        </properties>
        <testcase name="select" classname="fixed-rate" time="0.000">
          <failure message="missing: skipped in current: FD_SETSIZE" type="missing">missing: skipped in current: FD_SETSIZE</failure>
        </testcase>
        <testcase name="poll" classname="fixed-rate" time="0.000">
          <failure message="missing: not in current" type="missing">missing: not in current</failure>
        </testcase>
      </testsuite>
      <testsuite name="c10k" tests="1" failures="0" errors="0" skipped="1" time="0.000" timestamp="2025-01-01T00:00:00">
        <properties>
          <property name="run" value="20250101-000000-fixture"/>
          <property name="host" value="1a2b3c4d5e6f"/>
          <property name="kernel" value="6.12.1"/>
          <property name="arch" value="x64"/>
          <property name="cpu" value="Example CPU @ 2.50GHz"/>
          <property name="version" value="0.1.0"/>
        </properties>
        <testcase name="poll" classname="c10k" time="0.000">
          <skipped message="missing, as allowed: not in current"/>
        </testcase>
      </testsuite>
    </testsuites>
    "
  `);
});

describe('The elements and their attributes', () => {
  test.each([
    { name: 'of a run', comparison: null },
    { name: 'of a comparison', comparison: COMPARISON },
  ])('$name are those of the schema, and the sums are right', ({ comparison }) => {
    const elements = parseXml(exportText(junitExporter, { ...exportInput(), comparison }));
    const of = (name: string) => elements.filter((element) => element.name === name);
    const [root] = of('testsuites');
    expect(root?.path).toBe('testsuites');
    const sum = (attribute: string) =>
      of('testsuite').reduce((total, { attributes }) => total + Number(attributes[attribute]), 0);
    expect(sum('tests')).toBe(of('testcase').length);
    expect(sum('failures')).toBe(of('failure').length);
    expect(sum('errors')).toBe(of('error').length);
    expect(sum('skipped')).toBe(of('skipped').length);
    for (const name of ['tests', 'failures', 'errors', 'skipped'])
      expect(Number(root?.attributes[name])).toBe(sum(name));
    for (const { path, attributes } of of('testcase')) {
      expect(path).toBe('testsuites/testsuite/testcase');
      expect(Object.keys(attributes)).toEqual(['name', 'classname', 'time']);
    }
    for (const kind of ['skipped', 'failure', 'error'])
      for (const { path } of of(kind)) expect(path).toBe(`testsuites/testsuite/testcase/${kind}`);
  });
});

test.each([...NASTY_LABELS, 'bell\u0007', 'null\u0000', '\uD800'])('The label %j is well formed', (label) => {
  const elements = parseXml(exportText(junitExporter, relabelled(label)));
  const [item] = elements.filter(({ name }) => name === 'testcase');
  // Characters that XML cannot hold are replaced.
  expect(item?.attributes.name).toBe(label.replaceAll(/(?![\t\n\r])\p{Cc}|\p{Cs}/gu, '\uFFFD'));
});

interface Element {
  readonly name: string;
  /** From the root to it. */
  readonly path: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A parser that takes nothing but well-formed XML; throws where it is not. */
function parseXml(text: string): Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    open.push(name);
    elements.push({ name, path: open.join('/'), attributes });
  });
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(text).close();
  return elements;
}
