/** CPUs of this host, as far as pinning needs to know. */
export interface CpuTopology {
  /** CPUs that this process runs on now; `taskset` and isolated CPUs leave out some that it may choose. */
  readonly allowed: readonly number[];
  /** CPUs of the host that are there and on. Whether one may be used is found out by using it. */
  readonly online: readonly number[];
  /** For a CPU, the CPUs that share its core (itself included). */
  readonly siblings: ReadonlyMap<number, readonly number[]>;
  /** For a CPU, its NUMA node; absent: all are of one. */
  readonly nodes?: ReadonlyMap<number, number>;
}

export interface CpuChoice {
  /** null: not pinned. */
  readonly serverCpus: number[] | null;
  readonly clientCpus: number[] | null;
  readonly warnings: readonly string[];
}

const CPU_MAX = 4096;
/**
 * A client sends and receives as much as a server, and verifies it besides: one CPU of it would be full where a
 * CPU of the server is.
 */
const CLIENT_CPUS_PER_SERVER_CPU = 2;

/** `0,2-3` to its numbers in order, without duplicates; null if it is not such a list. */
export function parseCpuList(text: string): number[] | null {
  const cpus = new Set<number>();
  for (const part of text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!match) return null;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from > to || to >= CPU_MAX) return null;
    for (let cpu = from; cpu <= to; cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

/** A list of CPUs as typed, all of which this host has; else what is wrong with it. */
export function readCpuList(
  text: string,
  flag: string,
  { online }: Pick<CpuTopology, 'online'>,
): { readonly cpus: number[] | undefined; readonly problems: readonly string[] } {
  const cpus = parseCpuList(text);
  if (!cpus) return { cpus: undefined, problems: [`${flag} ${text}: not a list of CPUs such as 0,2-3`] };
  const isMissing = cpus.some((cpu) => !online.includes(cpu));
  return {
    cpus,
    problems: isMissing ? [`${flag} ${text}: this host has CPUs ${online.join(',')} only`] : [],
  };
}

/**
 * One CPU for the server, and for the client two for each of the server's, as far as there are cores without a
 * server; what the user asked for wins. One NUMA node is preferred, then cores of their own. Shared CPUs and
 * shared cores are warned of, for they change what is measured.
 */
export function chooseCpus(
  topology: CpuTopology,
  askedServer: readonly number[] | undefined,
  askedClient: readonly number[] | undefined,
): CpuChoice {
  const { allowed } = topology;
  if (allowed.length < 2 && !askedServer && !askedClient)
    return {
      serverCpus: null,
      clientCpus: null,
      warnings: ['client and server share the only CPU: every number holds the cost of both taking turns'],
    };
  const first = askedClient ?? firstApart(topology, askedServer ?? []);
  const server = askedServer ?? firstApart(topology, first);
  const client = askedClient ?? withMore(topology, first, server);
  return {
    serverCpus: [...server],
    clientCpus: [...client],
    warnings: overlapWarnings(topology, server, client),
  };
}

/** All CPUs that share a core with one of these, themselves included. */
function sharingCores({ siblings }: CpuTopology, cpus: readonly number[]): ReadonlySet<number> {
  return new Set(cpus.flatMap((cpu) => siblings.get(cpu) ?? [cpu]));
}

/** The cores of the allowed CPUs in order, each as its allowed CPUs. */
export function coresOf({ allowed, siblings }: CpuTopology): number[][] {
  const cores = new Map<number, number[]>();
  for (const cpu of [...allowed].sort((a, b) => a - b)) {
    const core = Math.min(...(siblings.get(cpu) ?? [cpu]));
    cores.set(core, [...(cores.get(core) ?? []), cpu]);
  }
  return [...cores.values()];
}

/** Whether it is of the node of one of these; true where there are none. */
function isNear({ nodes }: CpuTopology, cpu: number, cpus: readonly number[]): boolean {
  return cpus.length === 0 || cpus.some((other) => nodes?.get(other) === nodes?.get(cpu));
}

/**
 * The first allowed CPU on another core than `taken`, of the same node if there is one; failing that on
 * another CPU; failing that any.
 */
function firstApart(topology: CpuTopology, taken: readonly number[]): number[] {
  const { allowed } = topology;
  const cores = sharingCores(topology, taken);
  const apart = allowed.filter((cpu) => !cores.has(cpu));
  const cpu =
    apart.find((candidate) => isNear(topology, candidate, taken)) ??
    apart[0] ??
    allowed.find((candidate) => !taken.includes(candidate)) ??
    allowed[0];
  return cpu === undefined ? [] : [cpu];
}

/** More CPUs for the client, none of which is on a core of the server: fewer are better than such ones. */
function withMore(topology: CpuTopology, first: readonly number[], server: readonly number[]): number[] {
  const cores = sharingCores(topology, server);
  const client = [...first];
  // The only one left is on a core of the server, or on its very CPU.
  if (first.some((cpu) => cores.has(cpu))) return client;
  while (client.length < CLIENT_CPUS_PER_SERVER_CPU * server.length) {
    const used = sharingCores(topology, client);
    const rank = (cpu: number) => (isNear(topology, cpu, server) ? 0 : 2) + (used.has(cpu) ? 1 : 0);
    const free = topology.allowed.filter((cpu) => !cores.has(cpu) && !client.includes(cpu));
    const [next] = free.sort((a, b) => rank(a) - rank(b) || a - b);
    if (next === undefined) break;
    client.push(next);
  }
  return client;
}

function overlapWarnings(
  topology: CpuTopology,
  server: readonly number[],
  client: readonly number[],
): string[] {
  const shared = server.filter((cpu) => client.includes(cpu));
  if (shared.length > 0) return [`client and server share CPU ${shared.join(',')}: they measure each other`];
  const siblings = server.filter((cpu) =>
    topology.siblings.get(cpu)?.some((other) => client.includes(other)),
  );
  if (siblings.length > 0)
    return [`server CPU ${siblings.join(',')} shares a core (SMT) with a client CPU: they slow each other`];
  return [];
}
