import { UNLIMITED } from '../observe/environment.ts';
import { PINNED_CONGESTION } from '../observe/observe.ts';
import { CONNECTIONS_SPARE, FDS_SPARE } from '../plan/plan-run.ts';
import { BYTES_PER_MIB } from '../util/units.ts';
import { connectionsOf } from '../workloads/schema.ts';
import { isEngine } from './checks-cpu.ts';
import type { Facts, FolderFacts } from './facts.ts';
import type { Answer } from './finding.ts';
import { bytes, counted, plural } from './text.ts';

const UNKNOWN = 'could not be read';

/** Where a limit of this process is to be raised; the two ways to say it. */
interface Raise {
  /** An option of prlimit(1). */
  readonly prlimit: string;
  /** The same for an engine, which is the only one who may. */
  readonly ulimit: string;
}

function raise(facts: Pick<Facts, 'environment' | 'capabilities'>, how: Raise): string {
  const { container } = facts.environment;
  if (isEngine(container) && facts.capabilities?.includes('CAP_SYS_RESOURCE') === false)
    return `${container} run --ulimit ${how.ulimit} ...`;
  return `sudo prlimit --pid $$ ${how.prlimit}`;
}

function connectionsMost(facts: Facts): number {
  return Math.max(0, ...facts.workloads.map(connectionsOf));
}

/** The next power of two: a round number that leaves room. */
function roundUp(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}

export function fdLimit(facts: Facts): Answer {
  const { nofile } = facts.environment.limits;
  const need = connectionsMost(facts) + FDS_SPARE;
  const asked = `the largest workload needs ${counted(need)}`;
  if (nofile === null) return { status: 'info', value: UNKNOWN, meaning: asked, fix: null };
  const value = nofile === UNLIMITED ? 'unlimited' : `${counted(nofile)} (hard limit); ${asked}`;
  const tooLarge = facts.workloads.filter((workload) => connectionsOf(workload) + FDS_SPARE > nofile);
  if (tooLarge.length === 0)
    return {
      status: 'ok',
      value,
      meaning: 'enough for every workload; servers raise their own limit to it',
      fix: null,
    };
  const wanted = roundUp(need);
  const ceiling = Number(facts.environment.sysctls['fs.nr_open'] ?? UNLIMITED);
  const first = wanted > ceiling ? `sudo sysctl -w fs.nr_open=${wanted} && ` : '';
  return {
    status: 'problem',
    value,
    meaning: `skipped for too few descriptors: ${tooLarge.map((workload) => workload.id).join(', ')}`,
    fix:
      first + raise(facts, { prlimit: `--nofile=${wanted}:${wanted}`, ulimit: `nofile=${wanted}:${wanted}` }),
  };
}

/** What bounds the number of threads, and how to move it: proc(5), getrlimit(2), clone(2) EAGAIN. */
function threadLimits(facts: Facts, wanted: number) {
  const { sysctls, limits, container } = facts.environment;
  const exempt =
    facts.hostRoot ||
    facts.capabilities?.some((name) => name === 'CAP_SYS_RESOURCE' || name === 'CAP_SYS_ADMIN') === true;
  const sysctl = (name: string, perThread: number) => ({
    name,
    threads: name in sysctls ? Math.floor(Number(sysctls[name]) / perThread) : null,
    fix: `sudo sysctl -w ${name}=${wanted * perThread}`,
  });
  return [
    sysctl('kernel.threads-max', 1),
    sysctl('kernel.pid_max', 1),
    // A thread's stack and the guard page below it are two mappings.
    sysctl('vm.max_map_count', 2),
    {
      name: 'RLIMIT_NPROC',
      // copy_process of the kernel: not enforced with either, nor for the user 0 of the host itself.
      threads: exempt ? null : limits.nproc,
      fix: raise(facts, { prlimit: `--nproc=${wanted}:${wanted}`, ulimit: `nproc=${wanted}:${wanted}` }),
    },
    {
      name: 'pids.max of the cgroup',
      threads: facts.pidsMax,
      fix: isEngine(container) ? `${container} run --pids-limit=${wanted} ...` : null,
    },
  ].filter((limit) => limit.threads !== null && Number.isFinite(limit.threads));
}

export function threads(facts: Facts): Answer {
  const need = connectionsMost(facts) + FDS_SPARE;
  const limits = threadLimits(facts, roundUp(2 * need)).sort((a, b) => (a.threads ?? 0) - (b.threads ?? 0));
  const [tightest] = limits;
  if (tightest?.threads == null)
    return {
      status: 'info',
      value: UNKNOWN,
      meaning: 'models with a thread per connection need many',
      fix: null,
    };
  const value = `${counted(tightest.threads)} by ${tightest.name}; the largest workload needs ${counted(need)}`;
  if (tightest.threads > need)
    return {
      status: 'ok',
      value,
      meaning: 'enough for a thread per connection under every workload',
      fix: null,
    };
  return {
    status: 'problem',
    value,
    meaning: 'models with a thread per connection fail under the largest workloads',
    fix: tightest.fix,
  };
}

/** posix-aio is told of completions by queued signals, one per connection, and sigio-rt of readiness. */
export function signals(facts: Facts): Answer {
  const limit = facts.sigpending;
  const need = connectionsMost(facts) + CONNECTIONS_SPARE;
  if (limit === null)
    return { status: 'info', value: UNKNOWN, meaning: 'bounds the requests of posix-aio', fix: null };
  const value =
    limit === UNLIMITED ? 'unlimited' : `${counted(limit)}; the largest workload needs ${counted(need)}`;
  if (limit >= need)
    return {
      status: 'ok',
      value,
      meaning: 'enough for posix-aio and sigio-rt under every workload',
      fix: null,
    };
  return {
    status: 'warning',
    value,
    meaning: 'posix-aio cannot hold that many connections; sigio-rt loses signals in bursts and rescans',
    fix: raise(facts, { prlimit: `--sigpending=${roundUp(need)}`, ulimit: `sigpending=${roundUp(need)}` }),
  };
}

/** Feature that the probe of io_uring names where rings count as locked memory here: it was tried. */
export const RINGS_CHARGED = 'RLIMIT_MEMLOCK';

export function memlock({ environment, helpers, capabilities }: Facts): Answer {
  const limit = environment.limits.memlockBytes;
  const value = limit === null ? UNKNOWN : limit === UNLIMITED ? 'unlimited' : bytes(limit);
  if (helpers.status === 'failed')
    return { status: 'info', value, meaning: "whether io_uring's rings count could not be tried", fix: null };
  const fix = raise(
    { environment, capabilities },
    { prlimit: '--memlock=unlimited', ulimit: 'memlock=-1:-1' },
  );
  const short = helpers.support.find(({ reason, limitReason }) =>
    [reason, limitReason].some((text) => text?.includes(RINGS_CHARGED)),
  );
  if (short !== undefined)
    return { status: 'warning', value, meaning: short.reason ?? short.limitReason ?? '', fix };
  const charged = helpers.support.some(({ features }) => features.includes(RINGS_CHARGED));
  return {
    status: 'ok',
    value,
    meaning: charged
      ? "io_uring's rings count as locked memory here, and those of every workload fit"
      : "io_uring's rings do not count as locked memory here",
    fix: null,
  };
}

export function aio(facts: Facts): Answer {
  const most = Number(facts.environment.sysctls['fs.aio-max-nr'] ?? Number.NaN);
  if (!Number.isFinite(most))
    return { status: 'info', value: UNKNOWN, meaning: 'this kernel may have no native AIO', fix: null };
  const free = most - (facts.aioReserved ?? 0);
  const need = connectionsMost(facts) + CONNECTIONS_SPARE + 1;
  const value = `${counted(free)} of ${plural(most, 'event')} free; the largest workload needs ${counted(need)}`;
  if (free >= need)
    return { status: 'ok', value, meaning: 'enough for native-aio under every workload', fix: null };
  return {
    status: 'problem',
    value,
    meaning: 'io_setup fails for native-aio under the largest workloads',
    fix: `sudo sysctl -w fs.aio-max-nr=${Math.max(roundUp(most + need), 1_048_576)}`,
  };
}

/** What the servers ask listen(2) for. */
const LISTEN_BACKLOG = 4096;

/** The congestion control of the host's own choice, e.g. bbr, paces with timers that no model causes. */
export function congestion({ helpers, environment }: Facts): Answer {
  const host = environment.sysctls['net.ipv4.tcp_congestion_control'] ?? 'unknown';
  if (helpers.status === 'failed' || helpers.congestion === null)
    return { status: 'info', value: 'unknown', meaning: `that of the host is ${host}`, fix: null };
  const value = helpers.congestion;
  if (value === PINNED_CONGESTION)
    return { status: 'ok', value, meaning: 'pinned on both sides, whatever the host uses', fix: null };
  return {
    status: 'warning',
    value,
    meaning: `the kernel refuses ${PINNED_CONGESTION}, so the servers use that of the host: numbers compare with no host that allows it`,
    fix: `sysctl net.ipv4.tcp_allowed_congestion_control='${PINNED_CONGESTION} ${value}'`,
  };
}

export function backlog(facts: Facts): Answer {
  const somaxconn = Number(facts.environment.sysctls['net.core.somaxconn'] ?? Number.NaN);
  if (!Number.isFinite(somaxconn))
    return {
      status: 'info',
      value: UNKNOWN,
      meaning: 'bounds how many connections may wait to be accepted',
      fix: null,
    };
  if (somaxconn >= LISTEN_BACKLOG)
    return {
      status: 'ok',
      value: counted(somaxconn),
      meaning: 'bursts of connections wait in the queue instead of being dropped',
      fix: null,
    };
  return {
    status: 'info',
    value: counted(somaxconn),
    meaning:
      'a burst of more connections than this loses some, which come back after a second: opening many takes longer',
    fix: `sudo sysctl -w net.core.somaxconn=${LISTEN_BACKLOG}`,
  };
}

export function ports(facts: Facts): Answer {
  const range = facts.environment.sysctls['net.ipv4.ip_local_port_range'];
  const [from, to] = (range ?? '').split(' ').map(Number);
  if (from === undefined || to === undefined)
    return { status: 'info', value: UNKNOWN, meaning: 'bounds the connections from one address', fix: null };
  const free = to - from + 1;
  const need = connectionsMost(facts);
  return {
    status: need > free ? 'info' : 'ok',
    value: `${counted(free)} (${range})`,
    meaning:
      need > free
        ? `fewer than the ${counted(need)} connections of the largest workload: the client takes further addresses of 127.0.0.0/8`
        : 'enough for every workload from one address',
    fix: need > free ? 'sudo sysctl -w net.ipv4.ip_local_port_range="1024 65535"' : null,
  };
}

/** A default run stays under 2 MB; this leaves room for many. */
const FREE_BYTES_MIN = 100 * BYTES_PER_MIB;

export function resultsFolder(facts: Facts): Answer {
  return folder(facts, 'results');
}

export function cacheFolder(facts: Facts): Answer {
  return folder(facts, 'cache');
}

function folder(facts: Facts, use: FolderFacts['use']): Answer {
  const found = facts.folders.find((candidate) => candidate.use === use);
  const fix =
    use === 'results'
      ? 'iomodels-bench run --results ~/iomodels-results'
      : 'export XDG_CACHE_HOME=/var/tmp/cache';
  if (!found) return { status: 'info', value: UNKNOWN, meaning: 'not looked at', fix: null };
  const free = found.freeBytes === null ? 'free space unknown' : `${bytes(found.freeBytes)} free`;
  const value = `${found.path}, ${free}`;
  if (!found.writable && use === 'cache' && facts.helpers.status === 'ready')
    return {
      status: 'info',
      value: `${value}, not writable`,
      meaning:
        'what is compiled there is used; after a change of sources or compiler nothing new could be kept',
      fix,
    };
  if (!found.writable)
    return {
      status: 'problem',
      value: `${value}, not writable`,
      meaning: use === 'results' ? 'runs cannot be stored there' : 'compiled helpers cannot be kept there',
      fix,
    };
  if (found.freeBytes !== null && found.freeBytes < FREE_BYTES_MIN)
    return {
      status: 'warning',
      value,
      meaning:
        use === 'results'
          ? 'a run that fills the disk ends there; what it stored until then stays'
          : 'compiling fails when the disk is full',
      fix,
    };
  return {
    status: 'ok',
    value,
    meaning: use === 'results' ? 'room for many runs' : 'room for the compiled helpers',
    fix: null,
  };
}
