import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EnvironmentError, UsageError } from '../util/errors.ts';
import { loadWorkloadFile, loadWorkloadFiles, loadWorkloads, WORKLOADS_DIRECTORY } from './load.ts';
import { DOMAINS, domainOf } from './schema.ts';

const VALID = {
  id: 'mine',
  title: 'mine',
  description: 'a workload of the test',
  mode: 'closed',
  connections: 4,
  active: 2,
  messageBytes: 64,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-workloads-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array | object): string {
  const path = join(folder, name);
  const raw = typeof content === 'string' || content instanceof Uint8Array;
  writeFileSync(path, raw ? content : JSON.stringify(content));
  return path;
}

/** The problems of a load that must fail, with the folder cut off. */
function problemsOf(load: () => unknown): string[] {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).problems.map((problem) => problem.replaceAll(`${folder}/`, ''));
  }
  throw new Error('it loaded');
}

describe('the workloads of the package', () => {
  test('are the files of the folder, each under its own name, those of connections first, and of each those of a plain run', () => {
    const workloads = loadWorkloads();
    const files = readdirSync(WORKLOADS_DIRECTORY).filter((name) => name.endsWith('.json'));
    expect(workloads.map(({ id }) => `${id}.json`).toSorted()).toEqual(files.toSorted());
    expect(workloads.map(domainOf)).toEqual(workloads.map(domainOf).toSorted().toReversed());
    for (const domain of DOMAINS) {
      const isFull = workloads.filter((w) => domainOf(w) === domain).map(({ profile }) => profile === 'full');
      expect(isFull, domain).toEqual(isFull.toSorted());
    }
  });

  test('hold one of each mode, and in a plain run one active connection, many, mostly idle ones, and a rate', () => {
    const workloads = loadWorkloads();
    expect(new Set(workloads.map(({ mode }) => mode))).toEqual(new Set(['closed', 'open', 'churn', 'job']));
    const plain = workloads.flatMap((w) => (w.profile !== 'full' && w.mode === 'closed' ? [w] : []));
    const has = (fits: (w: (typeof plain)[number]) => boolean) => plain.some(fits);
    expect(workloads.some((w) => w.profile !== 'full' && w.mode === 'open')).toBe(true);
    expect(has(({ connections }) => connections === 1)).toBe(true);
    expect(has(({ connections, active }) => active === connections && active >= 100)).toBe(true);
    expect(has(({ connections, active }) => connections >= 10 * active)).toBe(true);
  });

  test('offer the fixed rate at equal distances', () => {
    expect(loadWorkloads().find((w) => w.id === 'fixed-rate')).toMatchObject({
      mode: 'open',
      ratePerSecond: 20_000,
      arrivals: 'fixed',
    });
  });

  test('are all of the files of the directory', () => {
    expect(loadWorkloads()).toHaveLength(readdirSync(WORKLOADS_DIRECTORY).length);
  });
});

describe('loadWorkloadFile', () => {
  test('fills in the defaults of members that are absent', () => {
    expect(loadWorkloadFile(file('mine.json', VALID))).toEqual({ ...VALID, depth: 1, profile: 'full' });
  });

  test('reads a file with a byte order mark, and one behind a symbolic link', () => {
    const path = file('bom.json', `\ufeff${JSON.stringify(VALID)}`);
    const link = join(folder, 'link.json');
    symlinkSync(path, link);
    expect(loadWorkloadFile(link).id).toBe('mine');
  });

  test('reports all problems of a file at once, each with its path', () => {
    const path = file('bad.json', {
      ...VALID,
      id: 'Not An Id',
      title: '',
      description: 7,
      connections: 130_000,
      active: 2.5,
      messageBytes: undefined,
      dept: 3,
    });
    expect(problemsOf(() => loadWorkloadFile(path))).toMatchInlineSnapshot(`
      [
        "bad.json: $.id: "Not An Id" must be lower-case letters, digits and dashes, at most 40 characters",
        "bad.json: $.title: is empty; must be text",
        "bad.json: $.description: is 7; must be a string",
        "bad.json: $.connections: 130000 is over the limit of 120000",
        "bad.json: $.messageBytes: is missing; must be a number",
        "bad.json: $.active: is 2.5; must be a whole number",
        "bad.json: $.dept: unknown member (did you mean "depth"?); known are id, title, description, profile, domain, connections, messageBytes, active, depth, mode",
      ]
    `);
  });

  const cases: [title: string, change: object][] = [
    ['more active than connections beside another problem', { active: 9, extra: true }],
    ['more requests in flight than fit in memory', { connections: 60_000, active: 60_000, depth: 1024 }],
    ['no mode, and problems behind it', { mode: undefined, active: 'two' }],
    ['a mode that does not exist', { mode: 'opne', ratePerSecond: -1 }],
    ['members of another mode', { mode: 'churn' }],
    ['nulls, lists and objects where numbers belong', { connections: null, active: [1], messageBytes: {} }],
    ['zeros', { connections: 0, active: 0, messageBytes: 0 }],
    ['escape sequences in text', { title: 'red \u001b[31m', description: 'flip \u202e' }],
    ['an id that is a path', { id: '../../etc/passwd' }],
    ['names with control characters', { 'a\u001b]0;x\u0007': 1 }],
    ['text without end', { title: 'x'.repeat(500) }],
  ];
  test('refuses members that are wrong, and names them', () => {
    const told = cases.map(([title, change]) => {
      const path = file('case.json', { ...VALID, ...change });
      return [`-- ${title}`, ...problemsOf(() => loadWorkloadFile(path))].join('\n');
    });
    expect(told.join('\n')).toMatchInlineSnapshot(`
      "-- more active than connections beside another problem
      case.json: $.extra: unknown member; known are id, title, description, profile, domain, connections, messageBytes, active, depth, mode
      case.json: $.active: 9 active connections do not fit in 4 connections
      -- more requests in flight than fit in memory
      case.json: $.depth: 60000 active connections x 1024 is over 1000000 requests in flight
      -- no mode, and problems behind it
      case.json: $.mode: is missing; must be "closed", "open", "churn" or "job"
      case.json: $.active: is "two"; must be a number
      -- a mode that does not exist
      case.json: $.mode: is "opne"; must be "closed", "open", "churn" or "job"
      case.json: $.ratePerSecond: -1 is too small; must be more than 0
      -- members of another mode
      case.json: $.active: unknown member; known are id, title, description, profile, domain, connections, messageBytes, mode
      -- nulls, lists and objects where numbers belong
      case.json: $.connections: is null; must be a number
      case.json: $.messageBytes: is an object; must be a number
      case.json: $.active: is a list; must be a number
      -- zeros
      case.json: $.connections: 0 is too small; must be at least 1
      case.json: $.messageBytes: 0 is too small; must be at least 1
      case.json: $.active: 0 is too small; must be at least 1
      -- escape sequences in text
      case.json: $.title: "red \\u001b[31m" must be one line of printable characters
      case.json: $.description: "flip \\u{202e}" must be one line of printable characters
      -- an id that is a path
      case.json: $.id: "../../etc/passwd" must be lower-case letters, digits and dashes, at most 40 characters
      -- names with control characters
      case.json: $["a\\u001b]0;x\\u0007"]: unknown member; known are id, title, description, profile, domain, connections, messageBytes, active, depth, mode
      -- text without end
      case.json: $.title: is longer than 80 characters"
    `);
  });

  const texts: [title: string, text: string | Uint8Array][] = [
    ['an empty file', ''],
    ['broken JSON', '{"id": "mine",'],
    ['JSON with an escape sequence in it', '{"id": \u001b[31m}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '3'],
    ['deep nesting', '['.repeat(60_000)],
    ['deep nesting in a member', `{"mode":"closed","a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
    ['numbers that overflow', JSON.stringify(VALID).replace('"connections":4', '"connections":1e999')],
    ['numbers past the safe integers', JSON.stringify(VALID).replace('"active":2', '"active":1e300')],
    ['a prototype as member', JSON.stringify(VALID).replace('{', '{"__proto__":{"x":1},"constructor":1,')],
    ['members hidden in a prototype', `{"__proto__":${JSON.stringify(VALID)}}`],
    ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)],
    ['a file that is too large', `{"id":"mine"${' '.repeat(70_000)}}`],
  ];
  test('refuses files that hold no workload', () => {
    const told = texts.map(([title, text]) => {
      const problems = problemsOf(() => loadWorkloadFile(file('text.json', text)));
      // The parser's own words differ between versions of Node.
      const stable = problems.map((problem) => problem.replace(/(JSON: ).*(["'\d]|input).*;/, '$1...;'));
      return [`-- ${title}`, ...stable].join('\n');
    });
    expect(told.join('\n')).toMatchInlineSnapshot(`
      "-- an empty file
      text.json: $: is not JSON: it is empty; see a file in workloads/ for an example
      -- broken JSON
      text.json: $: is not JSON: ...; see a file in workloads/ for an example
      -- JSON with an escape sequence in it
      text.json: $: is not JSON: ...; see a file in workloads/ for an example
      -- a list
      text.json: $: is a list; must be an object
      -- null
      text.json: $: is null; must be an object
      -- a number
      text.json: $: is 3; must be an object
      -- deep nesting
      text.json: $: is not JSON: ...; see a file in workloads/ for an example
      -- deep nesting in a member
      text.json: $.id: is missing; must be a string
      text.json: $.title: is missing; must be a string
      text.json: $.description: is missing; must be a string
      text.json: $.connections: is missing; must be a number
      text.json: $.messageBytes: is missing; must be a number
      text.json: $.active: is missing; must be a number
      text.json: $.a: unknown member; known are id, title, description, profile, domain, connections, messageBytes, active, depth, mode
      -- numbers that overflow
      text.json: $.connections: is too large for a number; must be a number
      -- numbers past the safe integers
      text.json: $.active: 1e+300 is over the limit of 120000
      -- a prototype as member
      text.json: $.__proto__: unknown member; known are id, title, description, profile, domain, connections, messageBytes, active, depth, mode
      text.json: $.constructor: unknown member; known are id, title, description, profile, domain, connections, messageBytes, active, depth, mode
      -- members hidden in a prototype
      text.json: $.mode: is missing; must be "closed", "open", "churn" or "job"
      text.json: $.id: is missing; must be a string
      text.json: $.title: is missing; must be a string
      text.json: $.description: is missing; must be a string
      text.json: $.connections: is missing; must be a number
      text.json: $.messageBytes: is missing; must be a number
      text.json: $.__proto__: unknown member; known are id, title, description, profile, domain, connections, messageBytes, mode
      -- bytes that are no text
      text.json: is not UTF-8 text; save it as UTF-8
      -- a file that is too large
      text.json: is larger than 65536 bytes; not a workload file"
    `);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test('shows no control character of a file in its message', () => {
    const path = file('escape.json', '{"id": \u001b[31m}');
    expect(problemsOf(() => loadWorkloadFile(path)).join()).not.toContain('\u001b');
  });

  test('shows the first of thousands of unknown members, and how many there are', () => {
    const members = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`m${i}`, 1]));
    const problems = problemsOf(() => loadWorkloadFile(file('many.json', { ...VALID, ...members })));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe('many.json: $: 2980 more unknown members');
  });

  test('does not wait for a FIFO, nor read a device or a directory', () => {
    const fifo = join(folder, 'fifo.json');
    execFileSync('mkfifo', [fifo]);
    for (const path of [fifo, '/dev/zero', folder])
      expect(problemsOf(() => loadWorkloadFile(path))[0]).toMatch(
        /is not a regular file; give the path of a JSON file$/,
      );
  });

  test('names a file that is missing, and escapes what is odd in its path', () => {
    expect(problemsOf(() => loadWorkloadFile(join(folder, 'no\u001b[2Jpe.json')))).toEqual([
      'no\\u{1b}[2Jpe.json: there is no such file; check the path',
    ]);
    expect(problemsOf(() => loadWorkloadFile(''))).toEqual([': there is no such file; check the path']);
    expect(problemsOf(() => loadWorkloadFile('nul\0.json'))[0]).toMatch(/cannot be read/);
  });

  test('says that a file may not be read', ({ skip }) => {
    if (process.getuid?.() === 0) skip('root may read every file');
    const path = file('secret.json', VALID);
    chmodSync(path, 0);
    expect(problemsOf(() => loadWorkloadFile(path))).toEqual([
      'secret.json: may not be read; check its permissions',
    ]);
  });
});

describe('loadWorkloads', () => {
  test('collects the problems of all files', () => {
    const directory = join(folder, 'registry');
    mkdirSync(directory);
    writeFileSync(join(directory, 'other.json'), JSON.stringify(VALID));
    writeFileSync(join(directory, 'broken.json'), '{');
    writeFileSync(join(directory, 'README.md'), 'not a workload');
    const problems = problemsOf(() => loadWorkloads(directory));
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^registry\/broken.json: \$: is not JSON/);
    expect(problems[1]).toBe('registry/other.json: $.id: is "mine"; must be the file\'s name, "other"');
  });

  test('calls a directory that is not there a broken installation', () => {
    expect(() => loadWorkloads(join(folder, 'none'))).toThrow(EnvironmentError);
  });
});

describe('loadWorkloadFiles', () => {
  test('refuses ids that are taken by the registry or by another file', () => {
    const registry = [loadWorkloadFile(file('first.json', { ...VALID, id: 'first' }))];
    const paths = [
      file('a.json', VALID),
      file('b.json', VALID),
      file('c.json', { ...VALID, id: 'first' }),
      file('d.json', { ...VALID, id: 'fine' }),
    ];
    expect(loadWorkloadFiles([paths[0] ?? '', paths[3] ?? ''], registry).map((w) => w.id)).toEqual([
      'mine',
      'fine',
    ]);
    expect(problemsOf(() => loadWorkloadFiles(paths, registry))).toEqual([
      'b.json: $.id: "mine" is taken by a.json; choose another id',
      'c.json: $.id: "first" is taken by a workload of this program; choose another id',
    ]);
  });
});
