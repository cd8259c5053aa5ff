import { HARDWARE_EVENTS } from '../load/abi.ts';
import { MODELS } from '../models/registry.ts';
import { errnoName } from '../observe/hardware.ts';
import { whyUncounted } from '../observe/uncounted.ts';
import type { Support } from '../results/schema.ts';
import { isEngine } from './checks-cpu.ts';
import { RINGS_CHARGED } from './checks-limits.ts';
import type { Facts } from './facts.ts';
import type { Answer } from './finding.ts';
import { listed } from './text.ts';

/** How to install a C compiler, by `ID` or `ID_LIKE` of os-release(5). */
const INSTALL: Readonly<Record<string, string>> = {
  alpine: 'apk add gcc musl-dev',
  arch: 'sudo pacman -S gcc',
  debian: 'sudo apt-get install gcc libc6-dev',
  fedora: 'sudo dnf install gcc glibc-devel',
  rhel: 'sudo dnf install gcc glibc-devel',
  suse: 'sudo zypper install gcc glibc-devel',
  ubuntu: 'sudo apt-get install gcc libc6-dev',
};

export function compiler({ compiler: found, helpers, distributions }: Facts): Answer {
  if (found.status === 'missing') {
    const known = distributions.find((name) => name in INSTALL);
    return {
      status: 'problem',
      value: 'none',
      meaning: `nothing can be measured: servers and load generator are compiled here. ${found.reason}`,
      fix: (known && INSTALL[known]) ?? null,
    };
  }
  const value = `${found.command}: ${found.version}`;
  if (helpers.status === 'failed')
    return { status: 'problem', value, meaning: `nothing can be measured: ${helpers.reason}`, fix: null };
  return {
    status: 'ok',
    value,
    meaning: 'servers and load generator are compiled with it; compare runs only of the same compiler',
    fix: null,
  };
}

const rowOf = new Map(MODELS.map((model) => [model.id, model]));

function isRing(support: Support): boolean {
  return rowOf.get(support.model)?.family === 'io_uring';
}

/** A row that a plain run leaves out may want more of a host than most have: a package, a newer kernel, a network card. */
function isExpected(support: Support): boolean {
  return rowOf.get(support.model)?.profile !== 'full';
}

/** Every model but those of io_uring, which have a finding of their own. */
export function models({ helpers, seccompFilter, environment }: Facts): Answer {
  if (helpers.status === 'failed') return notProbed(helpers.reason);
  const probed = helpers.support.filter((support) => !isRing(support));
  const without = probed.filter((support) => !support.supported);
  const value = `${probed.length - without.length} of ${probed.length} run here`;
  if (without.length === 0)
    return { status: 'ok', value, meaning: 'asked by the probe of each program', fix: null };
  return {
    status: without.some(isExpected) ? 'problem' : 'info',
    value,
    meaning: `skipped: ${without.map((support) => `${support.model} (${support.reason ?? 'no reason given'})`).join(', ')}`,
    fix: seccompFilter === true ? unfiltered(environment.container) : null,
  };
}

function notProbed(reason: string): Answer {
  return { status: 'problem', value: 'not probed', meaning: reason, fix: null };
}

export function ioUring(facts: Facts): Answer {
  const { helpers } = facts;
  if (helpers.status === 'failed') {
    const cause = blockedBy(facts, null);
    return { ...notProbed(`${helpers.reason}; ${cause.meaning}`), fix: cause.fix };
  }
  const rows = helpers.support.filter(isRing);
  const without = rows.filter((row) => !row.supported);
  if (without.length === 0)
    return {
      status: 'ok',
      value: 'allowed',
      meaning: `in use: ${listed([...new Set(rows.flatMap((row) => row.features.filter((name) => name !== RINGS_CHARGED)))], 'no optional feature')}`,
      fix: null,
    };
  if (without.length < rows.length)
    return {
      status: without.some(isExpected) ? 'warning' : 'info',
      value: `allowed, but not for ${without.map((row) => row.model).join(', ')}`,
      meaning: `skipped: ${without.map((row) => row.reason ?? 'no reason given').join('; ')}`,
      fix: null,
    };
  const cause = blockedBy(facts, without[0]?.reason ?? null);
  return {
    status: 'problem',
    value: cause.value,
    meaning: `${without.map((row) => row.model).join(', ')} skipped: ${cause.meaning}`,
    fix: cause.fix,
  };
}

/** How to run without the engine's seccomp filter. */
function unfiltered(container: string | null): string | null {
  return isEngine(container) ? `${container} run --security-opt seccomp=unconfined ...` : null;
}

interface Cause {
  readonly value: string;
  readonly meaning: string;
  readonly fix: string | null;
}

/**
 * Who refuses io_uring_setup: the sysctl (Documentation/admin-guide/sysctl/kernel.rst: 1 leaves it to
 * CAP_SYS_ADMIN and to io_uring_group, 2 to nobody), a seccomp filter, or a kernel without it.
 */
function blockedBy(facts: Facts, reason: string | null): Cause {
  const { sysctls, container } = facts.environment;
  const level = sysctls['kernel.io_uring_disabled'];
  const privileged = facts.capabilities?.includes('CAP_SYS_ADMIN') === true;
  const told = reason === null ? '' : ` (${reason})`;
  if (level === '2' || (level === '1' && !privileged))
    return {
      value: `blocked by kernel.io_uring_disabled=${level}`,
      meaning: `the sysctl forbids it ${level === '2' ? 'to everyone' : `to all but CAP_SYS_ADMIN and group ${sysctls['kernel.io_uring_group'] ?? '-1'}`}${told}`,
      fix: 'sudo sysctl -w kernel.io_uring_disabled=0',
    };
  if (facts.seccompFilter === true)
    return {
      value: 'blocked by a seccomp filter',
      meaning: `${container ?? 'the service manager'} filters its system calls${told}`,
      fix: unfiltered(container),
    };
  if (reason === null)
    return { value: 'unknown', meaning: 'neither a sysctl nor a seccomp filter forbids io_uring', fix: null };
  return { value: 'not available', meaning: reason, fix: null };
}

/**
 * The most at which perf_event_paranoid lets an unprivileged user see the kernel's own events, and
 * anything at all (Documentation/admin-guide/sysctl/kernel.rst; 3 and 4 are distributions' own).
 */
const PARANOID_KERNEL_EVENTS = 1;
const PARANOID_USER_EVENTS = 2;

export function perf(facts: Facts): Answer {
  const level = facts.environment.sysctls['kernel.perf_event_paranoid'];
  const value = `kernel.perf_event_paranoid=${level ?? 'missing'}`;
  const privileged = facts.capabilities?.some((name) => name === 'CAP_PERFMON' || name === 'CAP_SYS_ADMIN');
  const aside = 'not needed to measure, only to check the counts with perf by hand';
  if (level === undefined)
    return { status: 'info', value: 'this kernel has no perf events', meaning: aside, fix: null };
  if (privileged || Number(level) <= PARANOID_KERNEL_EVENTS)
    return { status: 'ok', value, meaning: `perf sees the kernel's events; ${aside}`, fix: null };
  return {
    status: 'info',
    value,
    meaning: `${Number(level) <= PARANOID_USER_EVENTS ? 'perf sees user space only' : 'perf is refused'}; ${aside}`,
    fix: `sudo sysctl -w kernel.perf_event_paranoid=${PARANOID_KERNEL_EVENTS}`,
  };
}

/** Whether the CPU counts instructions, cycles and cache misses of the servers. */
export function hardwareCounters({ helpers, environment }: Facts): Answer {
  if (helpers.status === 'failed') return { ...notProbed(helpers.reason), status: 'info' };
  const counted = helpers.hardwareErrnos.filter((errno) => errno === 0).length;
  const value = `${counted} of ${HARDWARE_EVENTS.length} events can be counted`;
  const first = helpers.hardwareErrnos.find((errno) => errno !== 0);
  if (first === undefined)
    return {
      status: 'ok',
      value,
      meaning: 'instructions and cycles per request are counted, which no other load on the machine moves',
      fix: null,
    };
  const { reason, fix } = whyUncounted(errnoName(first), environment);
  return { status: 'info', value: counted === 0 ? 'none' : value, meaning: `not counted: ${reason}`, fix };
}
