import type { Table } from '../document/document-schema.ts';
import { formatBytes } from '../document/format.ts';
import { text } from '../document/table.ts';
import type { RunRecord } from '../results/schema.ts';

/** What a number of a run must be judged against, a line each; what could not be read is left out. */
export function environmentTable({
  environment: env,
  build,
  tool,
  startedAt,
  finishedAt,
  settings,
}: RunRecord): Table {
  const lists = (record: Readonly<Record<string, string>>) =>
    Object.entries(record)
      .map(([key, value]) => `${key}: ${value}`)
      .join('; ');
  const { nofile, memlockBytes, nproc } = env.limits;
  const known: readonly (readonly [string, string | null])[] = [
    ['kernel', `Linux ${env.kernel}`],
    ['build of the kernel', env.kernelVersion],
    ['CPU', `${env.cpus} × ${env.cpuModel ?? env.arch}`],
    ['architecture', env.arch],
    ['CPUs that may be used', env.cpusAllowed],
    ['memory', formatBytes(env.memoryBytes)],
    ['governor', env.governor],
    ['turbo', env.turbo],
    ['SMT', env.smt],
    ['microcode', env.microcode],
    ['clock source', env.clocksource],
    ['hypervisor', env.hypervisor],
    ['container', env.container],
    ['CPU quota', env.cpuQuota === null ? null : String(env.cpuQuota)],
    ['preemption', env.preemption],
    ['isolated CPUs', env.isolatedCpus === '' ? 'none' : env.isolatedCpus],
    ['kernel command line', env.kernelCommandLine],
    ['mitigations', lists(env.mitigations)],
    ['sysctls', lists(env.sysctls)],
    [
      'limits',
      `open files ${nofile ?? 'unlimited'}; locked memory ${memlockBytes === null ? 'unlimited' : formatBytes(memlockBytes)}; processes ${nproc ?? 'unlimited'}`,
    ],
    ['user', env.user],
    ['versions', lists(env.versions)],
    ['compiler', `${build.compiler} ${build.compilerVersion} ${build.flags.join(' ')}`],
    ['host', env.host],
    ['measured', `${startedAt}${finishedAt === null ? '' : ` to ${finishedAt}`}`],
    ['seed', String(settings.seed)],
    ['tool', `${tool.name} ${tool.version}`],
  ];
  return {
    title: '',
    columns: [
      { key: 'what', header: 'what', align: 'left', priority: 0 },
      { key: 'value', header: 'value', align: 'left', priority: 0, wrap: true },
    ],
    rows: known.flatMap(([what, value]) =>
      value === null || value === '' ? [] : [{ what: text(what), value: text(value) }],
    ),
    notes: [],
  };
}
