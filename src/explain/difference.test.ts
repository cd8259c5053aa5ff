import { describe, expect, test } from 'vitest';
import { fixturePath } from '../fixtures/explanations.ts';
import { sumOf } from '../stats/sums.ts';
import { changeOf, clearChanges, differenceOf } from './difference.ts';
import { explainChange, groupText } from './explain-change.ts';
import type { GroupChange, PathDifference, PathFunction, PathLength } from './explain-schema.ts';
import { reasonOf } from './reason.ts';

/** A function, its instructions and calls per request, and who calls it. */
type Line = readonly [name: string, instructions: number, calls: number, caller?: string];

function path(kernel: string, lines: readonly Line[], spread = 0): PathLength {
  const functions = lines.map(([name, instructions, calls, caller]): PathFunction => {
    const callers = caller === undefined ? [] : [{ name: caller, calls }];
    return { name, instructions, calls, callers, spread };
  });
  const instructions = sumOf(functions, (one) => one.instructions);
  return {
    ...{ label: 'epoll-lt', workload: 'ping-pong', kernel, trials: 1, requests: 1000 },
    ...{ instructions, clocked: instructions, leftEarly: 0, functions },
  };
}

function groupsOf(difference: PathDifference): GroupChange[] {
  return difference.subsystems.flatMap(({ groups }) => groups);
}

/** Names of each group that has several, with what it is. */
function joined(before: readonly Line[], after: readonly Line[]): string[] {
  return groupsOf(differenceOf(path('1', before), path('2', after)))
    .filter(({ members }) => members.length > 1)
    .map(({ relation, members }) => `${relation}: ${members.map(({ name }) => name).join(', ')}`)
    .sort();
}

describe('what is gone and what is new are one function', () => {
  test.each<[string, readonly Line[], readonly Line[]]>([
    ['with a word more', [['__list_add_valid', 220, 13]], [['__list_add_valid_or_report', 174, 10]]],
    ['with other underscores', [['__task_rq_lock', 40, 1]], [['___task_rq_lock', 88, 2]]],
    ['with a word less', [['tcp_inbound_md5_hash', 86, 2]], [['tcp_inbound_hash', 96, 2]]],
    [
      'with one word in common, called as often at the same place',
      [['check_preempt_curr', 36, 2, 'ttwu_do_activate']],
      [['wakeup_preempt', 22, 2, 'ttwu_do_activate']],
    ],
  ])('%s', (_how, before, after) => {
    expect(joined(before, after)).toEqual([`renamed: ${before[0]?.[0]}, ${after[0]?.[0]}`]);
  });

  test('but not where only a word is in common, and not in another subsystem', () => {
    expect(joined([['tcp_rate_gen', 112, 2]], [['tcp_bpf_rtt', 110, 2]])).toEqual([]);
    expect(joined([['tcp_small_queue', 50, 2]], [['skb_small_queue', 50, 2]])).toEqual([]);
  });
  test('but not on one kernel, where nothing is renamed', () => {
    const [before, after] = [path('1', [['tcp_push', 40, 2]]), path('1', [['__tcp_push', 40, 2]])];
    expect(
      groupsOf(differenceOf(before, after))
        .map(({ relation }) => relation)
        .sort(),
    ).toEqual(['appeared', 'vanished']);
  });
});

describe('code moved', () => {
  test('into the caller that grew by as much', () => {
    expect(
      joined(
        [
          ['do_syscall_64', 360, 6],
          ['syscall_exit_to_user_mode', 225, 6, 'do_syscall_64'],
        ],
        [['do_syscall_64', 564, 6]],
      ),
    ).toEqual(['moved: do_syscall_64, syscall_exit_to_user_mode']);
  });
  test('into the caller of what was inlined itself', () => {
    expect(
      joined(
        [
          ['do_syscall_64', 100, 6],
          ['syscall_exit_work', 200, 6, 'do_syscall_64'],
          ['exit_to_user_mode_prepare', 80, 6, 'syscall_exit_work'],
        ],
        [['do_syscall_64', 380, 6]],
      ),
    ).toEqual(['moved: do_syscall_64, syscall_exit_work, exit_to_user_mode_prepare']);
  });
  test('out of the caller that shrank', () => {
    expect(
      joined(
        [['tcp_event_data_recv', 126, 2]],
        [
          ['tcp_event_data_recv', 70, 2],
          ['tcp_measure_rcv_mss', 74, 2, 'tcp_event_data_recv'],
        ],
      ),
    ).toEqual(['moved: tcp_event_data_recv, tcp_measure_rcv_mss']);
  });
  test('but not where the caller stayed as it was: the call is gone, or new', () => {
    const before: Line[] = [
      ['tcp_ack', 900, 2],
      ['inet_ehashfn', 128, 2, 'tcp_ack'],
    ];
    const [vanished] = groupsOf(differenceOf(path('1', before), path('2', [['tcp_ack', 905, 2]])));
    expect(vanished).toMatchObject({ relation: 'vanished', before: 128, after: 0 });
    expect(vanished && reasonOf(vanished)).toBe('vanished, was called by tcp_ack');
  });
});

describe('of one function it is said', () => {
  test.each<[string, Line, Line]>([
    ['called more by b, longer', ['tcp_ack', 100, 2, 'a'], ['tcp_ack', 300, 4, 'b']],
    ['called less by a', ['tcp_ack', 100, 2, 'a'], ['tcp_ack', 50, 1, 'a']],
    ['shorter', ['tcp_ack', 100, 2, 'a'], ['tcp_ack', 80, 2, 'b']],
    ['', ['tcp_ack', 100, 2], ['tcp_ack', 102, 2]],
  ])('%s', (reason, before, after) => {
    const [group] = groupsOf(differenceOf(path('1', [before]), path('2', [after])));
    expect(group && reasonOf(group)).toBe(reason);
  });
});

test('what the trials of a side differ by is no change', () => {
  const difference = differenceOf(path('1', [['tcp_ack', 100, 2]], 5), path('2', [['tcp_ack', 109, 2]], 5));
  expect(clearChanges(difference, 1)).toEqual([]);
  const clear = differenceOf(path('1', [['tcp_ack', 100, 2]], 5), path('2', [['tcp_ack', 111, 2]], 5));
  expect(clearChanges(clear, 1)).toHaveLength(1);
});

describe('between recorded kernels', () => {
  test.each([
    ['6.1', '6.12'],
    ['6.12', '7.2'],
  ] as const)('%s and %s every function is told once, and all add up to the change', (from, to) => {
    const [before, after] = [fixturePath(from), fixturePath(to)];
    const { subsystems } = differenceOf(before, after);
    const names = subsystems.flatMap(({ groups }) =>
      groups.flatMap(({ members }) => members.map(({ name }) => name)),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(sumOf(subsystems, changeOf)).toBeCloseTo(after.instructions - before.instructions, 6);
  });

  test('what was renamed and inlined is found', () => {
    const told = (from: '6.1' | '6.12', to: '6.12' | '7.2') =>
      groupsOf(differenceOf(fixturePath(from), fixturePath(to)))
        .filter(({ members }) => members.length > 1)
        .map(groupText);
    expect(told('6.1', '6.12')).toEqual(
      expect.arrayContaining([
        'kmem_cache_alloc_node_noprof -60 (with kmem_cache_alloc_node, __kmem_cache_alloc_node)',
        '__list_del_entry_valid_or_report -54 (with __list_del_entry_valid)',
        'memset -764 (with memset_erms)',
        'skb_clone -6 (with __skb_clone)',
      ]),
    );
    expect(told('6.12', '7.2')).toEqual(
      expect.arrayContaining([
        'do_syscall_64 -21 (with syscall_exit_to_user_mode)',
        'tcp_ack +12 (with tcp_rate_gen, tcp_ack_tstamp)',
      ]),
    );
  });

  test('five lines say what it comes from', () => {
    expect(explainChange(fixturePath('6.12'), fixturePath('7.2'), 5)).toMatchInlineSnapshot(`
      [
        "scheduler +2,506 per request: update_curr_dl_se +321 (with update_curr_se, update_se), native_sched_clock +203, avg_vruntime +168",
        "library +512 per request: _find_next_bit +496 (called by skb_defer_free_flush), _find_first_bit +56 (called by skb_defer_free_flush), rb_first -44",
        "TCP -448 per request: inet_ehashfn -128, tcp_do_parse_auth_options +82, tcp_stream_memory_free -69",
        "accounting +416 per request: psi_group_change +276, psi_task_change +66, cpuacct_charge +57",
        "timers +284 per request: __hrtimer_start_range_ns +166, hrtimer_start_range_ns +92 (called by finish_task_switch), hrtick_start_fair +42 (called by set_next_task_fair)",
      ]
    `);
  });
  test('of two models on one kernel too', () => {
    expect(explainChange(fixturePath('7.2'), fixturePath('7.2', 'io_uring'), 3)).toMatchInlineSnapshot(`
      [
        "io_uring +2,313 per request: io_submit_sqes +295, __io_submit_flush_completions +217, io_cqring_wait +209",
        "epoll -715 per request: ep_send_events -190, do_epoll_wait -184, ep_poll_callback -96",
        "system call entry -372 per request: do_syscall_64 -180, entry_SYSCALL_64 -84, syscall_return_via_sysret -50",
      ]
    `);
  });
  test('nothing is said where nothing changed', () => {
    expect(explainChange(fixturePath('6.12'), fixturePath('6.12'), 5)).toEqual([]);
  });
});
