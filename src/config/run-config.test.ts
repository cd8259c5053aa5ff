import { describe, expect, test } from 'vitest';
import { FIXTURE_JOB } from '../fixtures/files.ts';
import { MODELS, SOCKET_MODELS } from '../models/registry.ts';
import { runSettingsSchema } from '../results/schema.ts';
import { UsageError } from '../util/errors.ts';
import { domainOf, type Workload } from '../workloads/schema.ts';
import { labelled, RUN_DEFAULTS, type RunContext, type RunFlags, resolveRunConfig } from './run-config.ts';

function workload(id: string, profile: Workload['profile'] = 'default'): Workload {
  return {
    id,
    title: id,
    description: 'a workload of the test',
    profile,
    mode: 'closed',
    connections: 4,
    active: 2,
    depth: 1,
    messageBytes: 64,
  };
}

const CONTEXT: RunContext = {
  workloads: [workload('ping-pong'), workload('many-connections'), workload('c10k', 'full')],
  topology: { allowed: [0, 1], online: [0, 1], siblings: new Map() },
  randomSeed: 4711,
};

const settingsOf = (flags: RunFlags, context = CONTEXT) => resolveRunConfig(flags, context).settings;

function problemsOf(flags: RunFlags, context = CONTEXT): readonly string[] {
  try {
    resolveRunConfig(flags, context);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).problems;
  }
  throw new Error('it was accepted');
}

describe('resolveRunConfig', () => {
  test('takes a row with known mistakes where it is named, and in no profile', () => {
    const guide = MODELS.filter(({ profile }) => profile === 'guide').map(({ id }) => id);
    expect(guide).not.toEqual([]);
    const taken = (flags: RunFlags) =>
      resolveRunConfig(flags, CONTEXT).settings.entries.map(({ model }) => model);
    for (const profile of ['quick', 'default', 'full'])
      expect(taken({ profile }).filter((id) => guide.includes(id))).toEqual([]);
    expect(taken({ models: guide[0] })).toEqual([guide[0]]);
    expect(taken({ models: '*-guide*' })).toEqual(guide);
  });

  test('leaves rows with known mistakes out of a glob that does not say so, with a notice', () => {
    const { settings, notices, warnings } = resolveRunConfig({ models: '*' }, CONTEXT);
    const fair = MODELS.filter((row) => row.domain === 'socket' && row.expectedFailures.length === 0);
    expect(settings.entries.map(({ model }) => model)).toEqual(fair.map(({ id }) => id));
    expect(notices).toEqual([
      expect.stringMatching(/^\* leaves out .*-guide.*the guide's own samples with their mistakes/),
    ]);
    expect(warnings.filter((warning) => warning.includes('guide'))).toEqual([]);
    expect(resolveRunConfig({ models: 'epoll-lt,*-guide*' }, CONTEXT).notices).toEqual([]);
  });

  describe('what I/O is done on', () => {
    const withFiles = { ...CONTEXT, workloads: [...CONTEXT.workloads, FIXTURE_JOB] };
    const domainsOf = (flags: RunFlags) => {
      const { entries, workloads } = resolveRunConfig(flags, withFiles).settings;
      const ofRows = entries.map(({ model }) => MODELS.find(({ id }) => id === model)?.domain);
      return [[...new Set(ofRows)], [...new Set(workloads.map(domainOf))]];
    };
    test.each<[RunFlags, readonly string[]]>([
      [{}, ['socket']],
      [{ domain: 'file' }, ['file']],
      [{ domain: 'all' }, ['socket', 'file']],
      [{ models: 'pread,mmap' }, ['file']],
      [{ workloads: 'read-warm' }, ['file']],
      [{ models: 'epoll-lt,pread' }, ['socket', 'file']],
      // A glob that both know takes what is measured without a word.
      [{ models: 'io_uring*' }, ['socket']],
    ])('%j is of %j', (flags, domains) => {
      expect(domainsOf(flags)).toEqual([domains, domains]);
    });
    test('has a reference of its own in each domain', () => {
      const references = (flags: RunFlags) => {
        const { baseline, fileBaseline } = resolveRunConfig(flags, withFiles).settings;
        return { baseline, fileBaseline };
      };
      expect(references({ domain: 'all' })).toEqual({ baseline: 'epoll-lt', fileBaseline: 'pread' });
      expect(references({ domain: 'file' })).toEqual({ baseline: 'pread', fileBaseline: null });
      expect(references({ domain: 'all', reference: 'mmap' })).toEqual({
        ...{ baseline: 'epoll-lt', fileBaseline: 'mmap' },
      });
    });
    test.each<[RunFlags, string]>([
      [{ domain: 'disk' }, '--domain disk: must be one of socket, file, all'],
      [{ domain: 'file', models: 'epoll-lt' }, 'unknown model epoll-lt'],
      [
        { models: 'pread', workloads: 'ping-pong' },
        'pread is of domain file, and no workload of this run is',
      ],
      [{ models: 'epoll-lt', workloads: 'read-warm' }, 'epoll-lt is of domain socket, and no workload'],
    ])('%j is refused: %s', (flags, problem) => {
      expect(() => resolveRunConfig(flags, withFiles)).toThrow(problem);
    });
  });

  test('measures every model under the workloads of the default profile when nothing is said', () => {
    const { settings, warnings } = resolveRunConfig({}, CONTEXT);
    const plain = SOCKET_MODELS.filter(({ profile }) => ['quick', 'default'].includes(profile));
    expect(settings.entries).toEqual(plain.map(({ id }) => ({ label: id, model: id })));
    expect(settings.workloads.map(({ id }) => id)).toEqual(['ping-pong', 'many-connections']);
    expect({ ...settings, entries: [], workloads: [] }).toMatchInlineSnapshot(`
      {
        "audit": false,
        "baseline": "epoll-lt",
        "blocks": 14,
        "clientCpus": [
          0,
        ],
        "cpuCounters": false,
        "directory": null,
        "durationMs": 60,
        "entries": [],
        "fileBaseline": null,
        "handicap": null,
        "maxTimeS": null,
        "precision": null,
        "profile": "default",
        "retry": {
          "kind": "share",
          "value": 0.5,
          "withinMs": 115000,
        },
        "seed": 4711,
        "serverCpus": [
          1,
        ],
        "warmupMs": 20,
        "workloads": [],
      }
    `);
    expect(warnings).toEqual([]);
    expect(runSettingsSchema.parse(settings)).toEqual(settings);
  });

  test('takes every flag', () => {
    const settings = settingsOf({
      models: 'poll,epoll-[le]t',
      workloads: 'c*,ping-pong',
      profile: 'full',
      blocks: '3',
      duration: '1.5s',
      warmup: '20ms',
      seed: '0',
      reference: 'poll',
      serverCpus: '0',
      clientCpus: '1',
      precision: '2%',
      maxTime: '10m',
      cpuCounters: true,
    });
    expect({ ...settings, workloads: settings.workloads.map(({ id }) => id) }).toMatchInlineSnapshot(`
      {
        "audit": false,
        "baseline": "poll",
        "blocks": 3,
        "clientCpus": [
          1,
        ],
        "cpuCounters": true,
        "directory": null,
        "durationMs": 1500,
        "entries": [
          {
            "label": "poll",
            "model": "poll",
          },
          {
            "label": "epoll-lt",
            "model": "epoll-lt",
          },
          {
            "label": "epoll-et",
            "model": "epoll-et",
          },
        ],
        "fileBaseline": null,
        "handicap": null,
        "maxTimeS": 600,
        "precision": 0.02,
        "profile": "full",
        "retry": {
          "kind": "share",
          "value": 0.5,
          "withinMs": null,
        },
        "seed": 0,
        "serverCpus": [
          0,
        ],
        "warmupMs": 20,
        "workloads": [
          "c10k",
          "ping-pong",
        ],
      }
    `);
    expect(runSettingsSchema.parse(settings)).toEqual(settings);
  });

  test('says everything that is wrong at once', () => {
    const flags: RunFlags = {
      models: 'epol-lt,kqueue-*',
      workloads: 'ping-pnog',
      profile: 'fast',
      blocks: '0',
      duration: 'long',
      warmup: '-1',
      seed: '1.5',
      reference: 'pol',
      serverCpus: '9',
      clientCpus: 'all',
      precision: '0',
      maxTime: 'never',
    };
    expect(problemsOf(flags)).toMatchInlineSnapshot(`
      [
        "--profile fast: must be one of quick, default, full",
        "--server-cpus 9: this host has CPUs 0,1 only",
        "--client-cpus all: not a list of CPUs such as 0,2-3",
        "unknown model epol-lt; did you mean epoll-lt?",
        "no model matches kqueue-*",
        "unknown workload ping-pnog; did you mean ping-pong?",
        "--blocks 0: must be a whole number from 1 to 1000",
        "--warmup -1: must be a time such as 250ms, 1.5s or 2m, 1 ms to 10 m",
        "--duration long: must be a time such as 250ms, 1.5s or 2m, 1 ms to 10 m",
        "--seed 1.5: must be a whole number from 0 to 2147483647",
        "--precision 0: must be a half-width such as 2% or 0.02",
        "--max-time never: must be a time such as 250ms, 1.5s or 2m",
      ]
    `);
  });

  describe('rows', () => {
    test('are labelled #2 and #3 where a model is entered again', () => {
      expect(settingsOf({ models: 'poll,epoll-lt,poll,poll' }).entries).toEqual([
        { label: 'poll', model: 'poll' },
        { label: 'epoll-lt', model: 'epoll-lt' },
        { label: 'poll#2', model: 'poll' },
        { label: 'poll#3', model: 'poll' },
      ]);
    });

    test('have labels of their own, whatever the order', () => {
      const labels = labelled(['a', 'b', 'a', 'b', 'a']).map(({ label }) => label);
      expect(new Set(labels).size).toBe(labels.length);
    });
  });

  describe('the baseline', () => {
    const cases: [title: string, flags: RunFlags, baseline: string][] = [
      ['is epoll-lt where it is in the run', { models: 'poll,epoll-lt' }, 'epoll-lt'],
      ['is the first model where epoll-lt is not', { models: 'select,poll' }, 'select'],
      ['may be any row', { models: 'poll,poll', reference: 'poll#2' }, 'poll#2'],
    ];
    test.each(cases)('%s', (_title, flags, baseline) => {
      expect(settingsOf(flags).baseline).toBe(baseline);
    });

    test('must be a row of this run', () => {
      expect(problemsOf({ models: 'poll', reference: 'epoll-lt' })).toEqual([
        '--reference: unknown model in this run epoll-lt; did you mean poll?',
      ]);
    });
  });

  describe('workloads', () => {
    const own = workload('mine', 'full');
    const cases: [title: string, flags: RunFlags, ids: string[]][] = [
      ['of the full profile are all of them', { profile: 'full' }, ['ping-pong', 'many-connections', 'c10k']],
      ['that are named need no profile', { workloads: 'c10k' }, ['c10k']],
      ['that are named twice are measured once', { workloads: 'c10k,c10k,c*' }, ['c10k']],
      ["of the user's own are measured alone", { ownWorkloads: [own] }, ['mine']],
      [
        "of the user's own are measured after those that are named",
        { workloads: 'ping-pong', ownWorkloads: [own] },
        ['ping-pong', 'mine'],
      ],
      [
        "of the user's own may be named",
        { workloads: 'mine,ping-pong', ownWorkloads: [own] },
        ['mine', 'ping-pong'],
      ],
    ];
    test.each(cases)('%s', (_title, flags, ids) => {
      expect(settingsOf(flags).workloads.map(({ id }) => id)).toEqual(ids);
    });

    test('must have ids of their own', () => {
      expect(problemsOf({ ownWorkloads: [workload('ping-pong')] })).toEqual([
        'two workloads have the id ping-pong; give your own file an id that is not in use',
      ]);
    });
  });

  describe('a load that is said', () => {
    const ids = (flags: RunFlags) => settingsOf(flags).workloads.map(({ id }) => id);

    test('is measured alone, or after those that are named', () => {
      const load = { connections: '1,64' };
      expect(ids({ load })).toEqual(['c1-d1-m64', 'c64-d1-m64']);
      expect(ids({ load, workloads: 'ping-pong' })).toEqual(['ping-pong', 'c1-d1-m64', 'c64-d1-m64']);
    });

    test('may be named by the id that a run gave it, with no file that has it', () => {
      const [said] = settingsOf({ load: { connections: '64', message: '1k' } }).workloads;
      expect(settingsOf({ workloads: 'c64-d1-m1024' }).workloads).toEqual([said]);
      expect(ids({ workloads: 'c64-d1-m1024', load: { message: '1k' } })).toEqual(['c64-d1-m1024']);
      expect(problemsOf({ workloads: 'c64-d1' })).toEqual([
        expect.stringContaining('unknown workload c64-d1'),
      ]);
    });

    test('is not taken for another one of the same id', () => {
      const own = workload('c64-d1-m64', 'full');
      expect(problemsOf({ load: { connections: '64' }, ownWorkloads: [own] })).toEqual([
        'two workloads have the id c64-d1-m64; give your own file an id that is not in use',
      ]);
    });

    test('tells what is wrong with it beside everything else', () => {
      expect(problemsOf({ load: { connections: 'x' }, blocks: '0' })).toHaveLength(2);
    });
  });

  test('A quick run has fewer rows and workloads and as many blocks, and ends in time', () => {
    const workloads = [workload('ping-pong', 'quick'), workload('many-connections')];
    const [quick, plain] = ['quick', 'default'].map((profile) =>
      settingsOf({ profile }, { ...CONTEXT, workloads }),
    );
    expect(quick?.workloads.map(({ id }) => id)).toEqual(['ping-pong']);
    expect(quick?.entries.length).toBeGreaterThan(1);
    expect(quick?.entries.length).toBeLessThan(plain?.entries.length ?? 0);
    expect(quick?.entries.map(({ label }) => label)).toContain(quick?.baseline);
    expect(quick).toMatchObject({ blocks: plain?.blocks, durationMs: plain?.durationMs });
    expect(quick?.retry?.withinMs).toBeLessThan(20_000);
    expect(settingsOf({ profile: 'quick', blocks: '9' }).retry?.withinMs).toBeNull();
  });

  describe('a handicap', () => {
    const flags = { models: 'poll,poll,select', handicapNs: '500' };

    test('is none, unless asked for', () => {
      expect(settingsOf({}).handicap).toBeNull();
    });

    test('is of every row, or of those that are named', () => {
      expect(settingsOf(flags).handicap).toEqual({ ns: 500, labels: ['poll', 'poll#2', 'select'] });
      expect(settingsOf({ ...flags, handicap: 'poll#2' }).handicap).toEqual({ ns: 500, labels: ['poll#2'] });
    });

    test('is warned of', () => {
      expect(resolveRunConfig({ ...flags, handicap: 'poll#2' }, CONTEXT).warnings).toEqual([
        'made slower by 500 ns per read, as a test: poll#2; no numbers of these models',
      ]);
    });

    test.each([
      [{ handicap: 'poll' }, '--handicap says which rows, --handicap-ns how much'],
      [{ handicapNs: '0' }, '--handicap-ns 0: must be a whole number from 1 to 1000000000'],
      [
        { models: 'poll', handicapNs: '5', handicap: 'pol' },
        '--handicap: unknown row of this run pol; did you mean poll?',
      ],
    ])('cannot be %j', (wrong, problem) => {
      expect(problemsOf(wrong)).toEqual([problem]);
    });
  });

  describe('times', () => {
    test.each([
      ['240ms', 240],
      ['1.5s', 1500],
      ['2m', 120_000],
      ['1ms', 1],
      ['10m', 600_000],
    ])('reads --duration %s', (text, ms) => {
      expect(settingsOf({ duration: text }).durationMs).toBe(ms);
    });

    test.each([
      '0',
      '0.5ms',
      '',
      '-1',
      '1h',
      '1 s',
      '1e3',
      'Infinity',
      'NaN',
      '11m',
      '600001ms',
      '0x10',
      '1s ',
    ])('refuses --duration "%s"', (text) => {
      expect(problemsOf({ duration: text })).toEqual([
        `--duration ${text}: must be a time such as 250ms, 1.5s or 2m, 1 ms to 10 m`,
      ]);
    });

    test.each([
      [{ duration: '10' }, '--duration 10: a time needs its unit: 10ms or 10s'],
      [{ duration: '600001' }, '--duration 600001: a time needs its unit: 600001ms or 600001s'],
      [{ warmup: '1.5' }, '--warmup 1.5: a time needs its unit: 1.5ms or 1.5s'],
      [{ maxTime: '10' }, '--max-time 10: a time needs its unit: 10s or 10m'],
    ])('refuses the bare number of %j', (flags, problem) => {
      expect(problemsOf(flags)).toEqual([problem]);
    });

    test.each([
      ['90s', 90],
      ['500ms', 0.5],
      ['120m', 7200],
    ])('reads --max-time %s in seconds', (text, seconds) => {
      expect(settingsOf({ maxTime: text }).maxTimeS).toBe(seconds);
    });
  });

  test.each([
    ['2%', 0.02],
    ['0.02', 0.02],
    ['0.5%', 0.005],
    ['99%', 0.99],
  ])('reads --precision %s', (text, value) => {
    expect(settingsOf({ precision: text }).precision).toBeCloseTo(value, 12);
  });

  test.each(['0', '0%', '1', '100%', '2', '-1%', '%', 'two', '1e-2'])('refuses --precision %s', (text) => {
    expect(problemsOf({ precision: text })).toEqual([
      `--precision ${text}: must be a half-width such as 2% or 0.02`,
    ]);
  });

  test.each([
    ['blocks', '0', 1, 1000],
    ['blocks', '1001', 1, 1000],
    ['blocks', '1e2', 1, 1000],
    ['blocks', ' 1', 1, 1000],
    ['seed', '-1', 0, 2147483647],
    ['seed', '2147483648', 0, 2147483647],
    ['seed', '9'.repeat(400), 0, 2147483647],
  ])('refuses --%s %s', (flag, text, min, max) => {
    expect(problemsOf({ [flag]: text })).toEqual([
      `--${flag} ${text}: must be a whole number from ${min} to ${max}`,
    ]);
  });

  test('draws a seed where none is given, and takes the one that is', () => {
    expect(settingsOf({}).seed).toBe(CONTEXT.randomSeed);
    expect(settingsOf({ seed: '42' }).seed).toBe(42);
  });

  test('warns where client and server share a CPU', () => {
    const { settings, warnings } = resolveRunConfig({ serverCpus: '1', clientCpus: '1' }, CONTEXT);
    expect([settings.serverCpus, settings.clientCpus]).toEqual([[1], [1]]);
    expect(warnings).toEqual(['client and server share CPU 1: they measure each other']);
  });

  test('has defaults that are short trials and many blocks', () => {
    expect(RUN_DEFAULTS.durationMs).toBeLessThan(1000);
    expect(RUN_DEFAULTS.blocks).toBeGreaterThanOrEqual(5);
  });
});

test('The reference may be a row of a variant, or a model: then it is the first of its variants', () => {
  const reference = (flag: string) =>
    resolveRunConfig({ models: 'poll,epoll-lt', variant: ['a=', 'b=env'], reference: flag }, CONTEXT).settings
      .baseline;
  expect(['poll', 'poll@b'].map(reference)).toEqual(['poll@a', 'poll@b']);
  expect(() => reference('select')).toThrow(/--reference.*select/);
});

test('Every row is entered once for each variant, and the first of the reference model is the reference', () => {
  const { settings } = resolveRunConfig({ models: 'poll,epoll-lt', variant: ['a=', 'b=env X=1'] }, CONTEXT);
  expect(settings.entries).toEqual([
    { label: 'poll@a', model: 'poll', variant: { name: 'a', prefix: [] } },
    { label: 'poll@b', model: 'poll', variant: { name: 'b', prefix: ['env', 'X=1'] } },
    { label: 'epoll-lt@a', model: 'epoll-lt', variant: { name: 'a', prefix: [] } },
    { label: 'epoll-lt@b', model: 'epoll-lt', variant: { name: 'b', prefix: ['env', 'X=1'] } },
  ]);
  expect(settings.baseline).toBe('epoll-lt@a');
});
test.each([
  { retry: undefined, is: { kind: 'share', value: 0.5, withinMs: 115_000 } },
  { retry: '25%', is: { kind: 'share', value: 0.25, withinMs: null } },
  { retry: '30s', is: { kind: 'time', value: 30_000, withinMs: null } },
  { retry: '0', is: { kind: 'time', value: 0, withinMs: null } },
])('--retry $retry is $is', ({ retry, is }) => {
  expect(resolveRunConfig({ retry }, CONTEXT).settings.retry).toEqual(is);
});
test.each(['much', '30', '-1s'])('--retry %s is refused', (retry) => {
  expect(() => resolveRunConfig({ retry }, CONTEXT)).toThrow(/--retry .*: must be a share such as 50%/);
});

test.each([
  { blocks: '40' },
  { duration: '200ms' },
  { models: 'poll' },
  { load: { connections: '1' } },
  { workers: '2' },
  { profile: 'full' },
  { precision: '2%' },
  { audit: true },
])('a run that is told %o is as long as it was asked to be', (flags) => {
  expect(resolveRunConfig(flags, CONTEXT).settings.retry).toEqual({
    kind: 'share',
    value: 0.5,
    withinMs: null,
  });
});
