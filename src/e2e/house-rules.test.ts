import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { METRICS } from '../metrics/registry.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface SourceFile {
  /** From the top of the repository. */
  readonly path: string;
  readonly text: string;
}

const typescript = sourceFiles('src', /\.ts$/);
const production = typescript.filter((file) => !/\.test\.ts$|^src\/(e2e|fixtures)\//.test(file.path));
const helpers = sourceFiles('c-helpers', /\.[ch]$/);
const models = helpers.filter((file) => /^c-helpers\/models\/.*\.c$/.test(file.path));
/** Of programs that are more than one file: `<program>.h` and `<program>_<part>.h`. */
const modelHeaders = helpers.filter((file) => /^c-helpers\/models\/.*\.h$/.test(file.path));

describe('packages with one home', () => {
  test.each([
    { name: 'koffi', home: /^src\/((load|calibration|costs)\/ffi|e2e\/libc\/libc)\.ts$/ },
    { name: 'execa', home: /^src\/(build|server|place|probes|kernels|e2e)\// },
    { name: 'commander', home: /^src\/(cli\.ts$|commands\/)/ },
    { name: 'cli-table3', home: /^src\/render\// },
    { name: 'cli-progress', home: /^src\/render\// },
  ])('only $home imports $name', ({ name, home }) => {
    const importers = typescript.filter((file) => importsOf(file).includes(name)).map((file) => file.path);
    expect(importers).not.toEqual([]);
    expect(importers.filter((path) => !home.test(path))).toEqual([]);
  });
});

/** A file imports from its own room and from rooms below it in this list. */
const ROOMS = [
  'cli.ts',
  'commands',
  'export',
  'render',
  'reports',
  'charts',
  'tables',
  'claims',
  'boots',
  'run.ts',
  'trial.ts',
  'crosscheck',
  'drive',
  'recommend',
  'compare',
  'costs',
  'doctor',
  'summary',
  'explain',
  'observe',
  'kernels',
  'place',
  'server',
  'load',
  'calibration',
  'probes',
  'build',
  'config',
  'plan',
  'metrics',
  'document',
  'stats',
  'results',
  'models',
  'workloads',
  'host',
  'util',
];

describe('the rooms', () => {
  test('are all in the list, and the list names no other', () => {
    const found = new Set(production.map((file) => roomOf(file.path)));
    expect(ROOMS.filter((room) => !found.has(room))).toEqual([]);
    expect([...found].filter((room) => !ROOMS.includes(room))).toEqual([]);
  });
  test('are entered from above only, types included: no import runs upward, no two rooms import each other', () => {
    const upward = production.flatMap((file) =>
      [...file.text.matchAll(/\bfrom '(\.[^']+)'|\bimport\('(\.[^']+)'\)/g)]
        .map((match) => join(dirname(file.path), match[1] ?? match[2] ?? ''))
        .filter((path) => roomOf(path) !== roomOf(file.path))
        .filter((path) => ROOMS.indexOf(roomOf(path)) <= ROOMS.indexOf(roomOf(file.path)))
        .map((path) => `${file.path} imports ${path}`),
    );
    expect(upward).toEqual([]);
  });
  test('keep every fake and fixture run in fixtures, which only tests enter', () => {
    const strays = typescript
      .map((file) => file.path)
      .filter((path) => /(fake|fixture)s?\b[^/]*\.ts$/.test(path));
    expect(strays).toEqual([]);
    expect(filesWith(production, /from '[^']*\/(fixtures|e2e)\//)).toEqual([]);
  });
});

function roomOf(path: string): string {
  return path.replace('src/', '').split('/')[0] ?? '';
}

describe('a metric is one row of src/metrics/registry.ts', () => {
  const outside = production.filter((file) => !file.path.startsWith('src/metrics/'));
  test.each(METRICS)('and nothing asks for $id by its name', ({ id }) => {
    expect(filesWith(outside, new RegExp(`['"\`]${id}['"\`]`))).toEqual([]);
  });
});

describe('a command starts fast:', () => {
  const packagesOf = (path: string) => {
    const file = production.find((candidate) => candidate.path === path);
    if (file === undefined) throw new Error(`${path} is not there`);
    const imported = [...closureOf(file)].flatMap(importsOf);
    return [...new Set(imported.filter((name) => !/^(\.|node:)/.test(name)))].sort();
  };
  test('--version and --help load nothing but commander', () => {
    expect(packagesOf('src/cli.ts')).toEqual(['commander']);
  });
  test('list loads no load generator, no launcher, no statistics and, before it needs one, no schema', () => {
    const heavy = ['koffi', 'execa', 'simple-statistics', 'tinybench', 'zod'];
    expect(packagesOf('src/commands/list.ts').filter((name) => heavy.includes(name))).toEqual([]);
  });
});

describe('the pure rooms', () => {
  const PURE =
    /^src\/(plan|stats|metrics|summary|compare|recommend|explain|claims|document|tables|charts|reports|export|workloads\/schema|results\/schema)/;
  const WORLDLY_NAMES =
    /\b(process|performance)\.|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bsetTimeout\b/;
  const rooms = production.filter((file) => PURE.test(file.path));

  test('are there', () => {
    expect(rooms).not.toEqual([]);
  });
  test.each(rooms)(
    '$path reaches no fs, process, clock or randomness, through whatever it imports',
    (file) => {
      const worldly = [...closureOf(file)].flatMap((reached) => [
        ...importsOf(reached)
          .filter((name) => name.startsWith('node:') || ['koffi', 'execa'].includes(name))
          .map((name) => `${reached.path} imports ${name}`),
        ...(WORLDLY_NAMES.test(withoutComments(reached.text)) ? [`${reached.path} uses the world`] : []),
      ]);
      expect(worldly).toEqual([]);
    },
  );
});

describe('the TypeScript sources', () => {
  test('keep util to errors and units', () => {
    const util = typescript.map((file) => file.path).filter((path) => path.startsWith('src/util/'));
    expect(util.filter((path) => !/\/(errors|units)(\.test)?\.ts$/.test(path))).toEqual([]);
  });
  test('have kebab-case names', () => {
    const name = /^src\/([a-z0-9-]+\/)*[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/;
    expect(typescript.map((file) => file.path).filter((path) => !name.test(path))).toEqual([]);
  });
  test.each([
    { what: 'default exports', pattern: /^export default\b/m },
    { what: 'enums and namespaces', pattern: /^(export )?(declare )?(const )?(enum|namespace) \w/m },
    { what: 'module mocks', pattern: /\bvi\.(mock|doMock|hoisted)\(/ },
    { what: 'silenced checks', pattern: /@ts-(ignore|nocheck|expect-error)|biome-ignore-all/ },
  ])('have no $what', ({ pattern }) => {
    expect(filesWith(typescript.filter(isNotThisFile), pattern)).toEqual([]);
  });
  test('set the exit code in cli.ts only', () => {
    const files = filesWith(production, /\bprocess\.(exitCode\s*=|exit\()/);
    expect(files.filter((path) => path !== 'src/cli.ts')).toEqual([]);
  });
  test('read the wall clock and randomness at the edge only: commands, cli and e2e', () => {
    const files = filesWith(production, /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/);
    expect(files.filter((path) => !/^src\/(cli\.ts$|commands\/)/.test(path))).toEqual([]);
  });
});

describe('the servers', () => {
  const servers = helpers.filter((file) => /^c-helpers\/(server|models)\//.test(file.path));

  test('set socket options in net.c only', () => {
    expect(filesWith(servers, /\b[gs]etsockopt\(/)).toEqual(['c-helpers/server/net.c']);
  });
  test('print to stdout in main.c only, where the JSON lines come from', () => {
    expect(filesWith(servers, /(?<![a-z])printf\(|\bput(s|char)\(|\bstdout\b/)).toEqual([
      'c-helpers/server/main.c',
    ]);
  });
  test('read no clock but to prepare a handicap, and in the self-test of a probe', () => {
    expect(filesWith(servers, /\b(clock_gettime|gettimeofday|time|clock)\(/)).toEqual([
      'c-helpers/server/handicap.c',
      'c-helpers/server/selftest.c',
    ]);
  });
  test('take memory from net_slab, which is sized and checked', () => {
    expect(filesWith([...models, ...modelHeaders], /\b(malloc|calloc|realloc|alloca)\(/)).toEqual([]);
  });
  test.each(models)('$path opens with its loop, what it leaves out and how to run it by hand', (file) => {
    const header = file.text.slice(0, file.text.indexOf('*/'));
    expect(header.startsWith('/*\n * ')).toBe(true);
    for (const label of ['Loop:', 'Left out:', 'By hand:']) expect(header).toContain(` * ${label}`);
  });
  test.each(models)('$path keeps its state in struct loop: a process may run several', (file) => {
    const code = [...partsOf(file), file].map(({ text }) => withoutComments(text)).join('\n');
    const statics = [...code.matchAll(/^\s*static (?!const\b|inline\b)[^(){}=;]*(?:=[^;]*)?;/gm)].map(
      ([text]) => text.trim(),
    );
    expect(statics).toEqual([]);
    expect(code).toMatch(/^struct loop \{$/m);
    expect(code).toMatch(/^MODEL\(/m);
  });
  test.each(models)('$path knows the harness and no other model', (file) => {
    const parts = partsOf(file);
    const own = parts.map(({ path }) => basename(path));
    const includes = [file, ...parts].flatMap(({ text }) =>
      [...text.matchAll(/#include "([^"]+)"/g)].map((match) => match[1] ?? ''),
    );
    expect(includes.filter((path) => !path.startsWith('../server/') && !own.includes(path))).toEqual([]);
  });
  test('have no header that is of no program', () => {
    const ofOne = models.flatMap(partsOf);
    expect(modelHeaders.filter((header) => !ofOne.includes(header))).toEqual([]);
  });
});

describe('the load generator', () => {
  /** A folder of `c-helpers`, and the folders that it may include from. */
  const BELOW: Readonly<Record<string, readonly string[]>> = {
    wire: [],
    load: ['wire'],
    observer: ['wire', 'server'],
    loadlib: ['wire', 'load', 'observer'],
    agent: ['wire'],
    calibration: [],
    costlib: ['wire', 'server', 'load'],
    costs: ['costlib', 'wire'],
    costrun: ['costlib'],
  };
  const includesOf = (file: SourceFile) =>
    [...file.text.matchAll(/#include "([^"]+)"/g)].map((match) => join(dirname(file.path), match[1] ?? ''));

  test.each(Object.entries(BELOW))('c-helpers/%s includes from %j and no other folder', (folder, below) => {
    const allowed = [folder, ...below].map((name) => `c-helpers/${name}`);
    const own = helpers.filter((file) => dirname(file.path) === `c-helpers/${folder}`);
    expect(own).not.toEqual([]);
    const strays = own.flatMap((file) =>
      includesOf(file)
        .filter((path) => !allowed.includes(dirname(path)))
        .map((path) => `${file.path} includes ${path}`),
    );
    expect(strays).toEqual([]);
  });
  test('knows of a server only its counters page', () => {
    const observer = helpers.filter((file) => file.path.startsWith('c-helpers/observer/'));
    const included = observer.flatMap(includesOf).filter((path) => path.startsWith('c-helpers/server/'));
    expect(new Set(included)).toEqual(new Set(['c-helpers/server/counters.h']));
  });
  test('has no circle of headers', () => {
    const circles = helpers.filter((file) => {
      const seen = new Set<string>();
      const reach = (path: string): boolean => {
        const found = helpers.find((other) => other.path === path);
        return (found === undefined ? [] : includesOf(found)).some((next) => {
          if (next === file.path) return true;
          if (seen.has(next)) return false;
          seen.add(next);
          return reach(next);
        });
      };
      return reach(file.path);
    });
    expect(circles.map((file) => file.path)).toEqual([]);
  });
});

test('no C source reads the wall clock', () => {
  expect(filesWith(helpers, /\bCLOCK_REALTIME\b|\bgettimeofday\(/)).toEqual([]);
});

describe('the pages', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(ROOT, 'docs')).map((name) => join('docs', name)),
  ];

  test.each(pages)('%s links and names files that exist', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, path = '']) =>
      join(dirname(page), path),
    );
    const named = [...text.matchAll(/`((?:src|c-helpers|docs|examples|workloads)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    );
    expect([...links, ...named].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

test('comments cite pages and files that exist', () => {
  const cited = [...typescript, ...helpers].flatMap((file) =>
    [...file.text.matchAll(/(?:src|c-helpers|docs)\/[\w/-]+\.(?:ts|md|c|h)\b|\b(?:design|style)\.md\b/g)]
      .filter(() => isNotThisFile(file))
      .map(([path]) => ({ file: file.path, path })),
  );
  expect(cited.filter(({ path }) => !existsSync(join(ROOT, path)))).toEqual([]);
});

/** The headers of a program: of those that it could be of, the one with the longest name has a header. */
function partsOf(model: SourceFile): SourceFile[] {
  const programs = models.map(({ path }) => basename(path, '.c'));
  return modelHeaders.filter(({ path }) => {
    const name = basename(path, '.h');
    const owners = programs.filter((program) => `${name}_`.startsWith(`${program}_`));
    return owners.sort((a, b) => b.length - a.length)[0] === basename(model.path, '.c');
  });
}

function isNotThisFile(file: SourceFile): boolean {
  return join(ROOT, file.path) !== fileURLToPath(import.meta.url);
}

function sourceFiles(folder: string, name: RegExp): SourceFile[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }));
}

/** What a file imports when it runs; types are gone by then. */
function importsOf(file: SourceFile): string[] {
  const statements = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\bfrom\s+)?'([^']+)'/gm;
  return [...file.text.matchAll(statements)].map((match) => match[1] ?? '');
}

/** The file and all of ours that it imports, directly or not. */
function closureOf(file: SourceFile, seen: Set<SourceFile> = new Set()): Set<SourceFile> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const name of importsOf(file).filter((path) => path.startsWith('.'))) {
    const path = join(dirname(file.path), name);
    const imported = typescript.find((other) => other.path === path);
    if (imported === undefined) throw new Error(`${file.path} imports ${name}, which is not there`);
    closureOf(imported, seen);
  }
  return seen;
}

function filesWith(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.filter((file) => pattern.test(withoutComments(file.text))).map((file) => file.path);
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
}
