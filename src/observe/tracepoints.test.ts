import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { fakeHost } from '../fixtures/host.ts';
import { EVERY_CALL, findTracepoints } from './tracepoints.ts';

const NEW_PLACE = '/sys/kernel/tracing/events';
const OLD_PLACE = '/sys/kernel/debug/tracing/events';
const { EACCES, EPERM, EINVAL, ENOSYS } = constants.errno;
const ALL_CAPABILITIES = 'CapEff:\t000001ffffffffff\n';
const NO_CAPABILITIES = 'CapEff:\t0000000000000000\n';

/** The files of a host on which nothing is in the way. */
const GOOD = {
  [`${NEW_PLACE}/raw_syscalls/sys_enter/id`]: '443\n',
  [`${NEW_PLACE}/syscalls/sys_enter_recvfrom/id`]: '1701\n',
  [`${NEW_PLACE}/syscalls/sys_enter_epoll_wait/id`]: '900\n',
  '/proc/filesystems': 'nodev\tsysfs\nnodev\ttracefs\n',
  '/proc/self/mounts': 'proc /proc proc rw 0 0\nnone /sys/kernel/tracing tracefs rw,relatime 0 0\n',
  '/proc/self/status': `${NO_CAPABILITIES}Seccomp:\t0\n`,
  '/proc/sys/kernel/perf_event_paranoid': '1\n',
};

interface Situation {
  /** Replaces files; undefined: it is not there. */
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly uid?: number;
  readonly errno?: number;
}

function find({ files = {}, uid = 1000, errno = 0 }: Situation, syscalls: readonly string[] = ['recvfrom']) {
  const present = Object.entries({ ...GOOD, ...files }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return findTracepoints(syscalls, {
    host: fakeHost(Object.fromEntries(present), { uid }),
    check: () => errno,
  });
}

const UNREADABLE = Object.fromEntries(
  Object.keys(GOOD)
    .filter((path) => path.startsWith(NEW_PLACE))
    .map((path) => [path, undefined]),
);

describe('the tracepoints', () => {
  test('are found by name: all calls first, then those that are asked for, each once', () => {
    expect(find({}, ['recvfrom', 'epoll_wait', 'recvfrom'])).toEqual({
      available: true,
      events: [
        { name: EVERY_CALL, syscall: null, id: 443 },
        { name: 'syscalls:sys_enter_recvfrom', syscall: 'recvfrom', id: 1701 },
        { name: 'syscalls:sys_enter_epoll_wait', syscall: 'epoll_wait', id: 900 },
      ],
    });
  });

  test('leave out calls that this kernel does not have', () => {
    const found = find({}, ['epoll_pwait', 'recvfrom']);
    expect(found.available && found.events.map((event) => event.syscall)).toEqual([null, 'recvfrom']);
  });

  test('are found in the old place as well', () => {
    const files = { ...UNREADABLE, [`${OLD_PLACE}/raw_syscalls/sys_enter/id`]: '17\n' };
    expect(find({ files })).toEqual({
      available: true,
      events: [{ name: EVERY_CALL, syscall: null, id: 17 }],
    });
  });

  test('are tried before they are promised', () => {
    const tried: number[] = [];
    const check = (id: number) => tried.push(id) - 1;
    expect(findTracepoints(['recvfrom'], { host: fakeHost(GOOD), check }).available).toBe(true);
    expect(tried).toEqual([443]);
  });
});

describe('what is in the way is named, with the command that allows it', () => {
  const notMounted = { ...UNREADABLE, '/proc/self/mounts': 'proc /proc proc rw 0 0\n' };
  const cases: [what: string, situation: Situation, reason: string][] = [
    [
      'tracefs that only root may read',
      { files: UNREADABLE },
      '/sys/kernel/tracing may not be read (run as root, or: sudo mount -o remount,mode=750,gid=$(id -g) /sys/kernel/tracing)',
    ],
    [
      'tracefs and the sysctl, both at once',
      { files: { ...UNREADABLE, '/proc/sys/kernel/perf_event_paranoid': '2\n' } },
      '/sys/kernel/tracing may not be read (run as root, or: sudo mount -o remount,mode=750,gid=$(id -g) /sys/kernel/tracing); ' +
        "kernel.perf_event_paranoid=2 keeps the kernel's events from a process without CAP_PERFMON (run as root, or: sudo sysctl -w kernel.perf_event_paranoid=1)",
    ],
    [
      'tracefs that is not mounted',
      { files: notMounted },
      'tracefs is not mounted (sudo mount -t tracefs -o mode=750,gid=$(id -g) tracefs /sys/kernel/tracing)',
    ],
    [
      'a kernel without tracefs',
      { files: { ...notMounted, '/proc/filesystems': 'nodev\tsysfs\n' } },
      'this kernel has no tracepoints of system calls (it takes CONFIG_FTRACE_SYSCALLS)',
    ],
    [
      'a kernel without these tracepoints, asked by root',
      { files: UNREADABLE, uid: 0 },
      'this kernel has no tracepoints of system calls (it takes CONFIG_FTRACE_SYSCALLS)',
    ],
    [
      'the sysctl',
      { files: { '/proc/sys/kernel/perf_event_paranoid': '3\n' }, errno: EACCES },
      "kernel.perf_event_paranoid=3 keeps the kernel's events from a process without CAP_PERFMON (run as root, or: sudo sysctl -w kernel.perf_event_paranoid=1)",
    ],
    [
      'a seccomp filter',
      { files: { '/proc/self/status': `${ALL_CAPABILITIES}Seccomp:\t2\n` }, errno: EPERM, uid: 0 },
      'a seccomp filter refuses perf_event_open (in a container: docker run --cap-add PERFMON ...)',
    ],
    [
      'a security module',
      { errno: EPERM },
      'a security module refuses perf_event_open, although CAP_PERFMON is not missing',
    ],
    [
      'a kernel without perf events',
      { files: { '/proc/sys/kernel/perf_event_paranoid': undefined }, errno: ENOSYS },
      'this kernel has no perf events (it takes CONFIG_PERF_EVENTS)',
    ],
    ['anything else, by its name', { errno: EINVAL }, 'perf_event_open fails with EINVAL'],
  ];
  test.each(cases)('%s', (_what, situation, reason) => {
    expect(find(situation)).toEqual({ available: false, reason });
  });
});
