/** CPUs of this host, as far as pinning needs to know. */
export interface CpuTopology {
  /** CPUs that this process runs on now; `taskset` and isolated CPUs leave out some that it may choose. */
  readonly allowed: readonly number[];
  /** CPUs of the host that are there and on. Whether one may be used is found out by using it. */
  readonly online: readonly number[];
  /** For a CPU, the CPUs that share its core (itself included). */
  readonly siblings: ReadonlyMap<number, readonly number[]>;
}

export interface CpuChoice {
  /** null: not pinned. */
  readonly serverCpus: number[] | null;
  readonly clientCpus: number[] | null;
  readonly warnings: readonly string[];
}

const CPU_MAX = 4096;

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
 * One CPU for the client and one for the server, on cores of their own where there are two; what the
 * user asked for wins. Shared CPUs and shared cores are warned of, for they change what is measured.
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
  const client = askedClient ?? firstApart(topology, askedServer ?? []);
  const server = askedServer ?? firstApart(topology, client);
  return {
    serverCpus: [...server],
    clientCpus: client.slice(0, 1),
    warnings: [...surplusWarnings(client), ...overlapWarnings(topology, server, client.slice(0, 1))],
  };
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

function surplusWarnings(client: readonly number[]): string[] {
  return client.length > 1
    ? [`the load generator is one thread: of the client's CPUs it uses ${client[0]} only`]
    : [];
}

/** The first allowed CPU on another core than `taken`; failing that on another CPU; failing that any. */
function firstApart(topology: CpuTopology, taken: readonly number[]): number[] {
  const cores = new Set(taken.flatMap((cpu) => topology.siblings.get(cpu) ?? [cpu]));
  const cpu =
    topology.allowed.find((candidate) => !cores.has(candidate)) ??
    topology.allowed.find((candidate) => !taken.includes(candidate)) ??
    topology.allowed[0];
  return cpu === undefined ? [] : [cpu];
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
