import { describe, expect, test } from 'vitest';
import { executedFunctions, fixturePath } from '../fixtures/explanations.ts';
import { sumOf } from '../stats/sums.ts';
import { SUBSYSTEM_RULES, SUBSYSTEMS, type Subsystem, subsystemOf } from './subsystems.ts';

const NAMES: readonly (readonly [Subsystem, string])[] = [
  ['user space', '[server] [load generator] [vdso] [user space]'],
  [
    'system call entry',
    'entry_SYSCALL_64 do_syscall_64 syscall_exit_to_user_mode x64_sys_call __x64_sys_getpid',
  ],
  ['randomness', 'prandom_u32_state chacha_permute chacha_block_generic get_random_u32'],
  ['mitigations', '__x86_indirect_thunk_rax __x86_return_thunk amd_clear_divider'],
  ['epoll', 'do_epoll_wait ep_poll_callback __x64_sys_epoll_wait epi_fget eventpoll_release_file'],
  ['io_uring', 'io_submit_sqes __io_run_local_work __do_sys_io_uring_enter tctx_task_work io_cqring_wait'],
  ['poll and select', 'do_sys_poll do_select core_sys_select __pollwait poll_freewait __x64_sys_ppoll'],
  ['native AIO', 'io_submit_one aio_complete read_events __x64_sys_io_submit lookup_ioctx'],
  ['signals', 'do_sigtimedwait send_sigio kill_fasync copy_siginfo_to_user complete_signal'],
  ['files', 'fdget __fget_light fput vfs_read ksys_write __x64_sys_close'],
  ['sockets', '__sys_sendto sock_poll sock_def_readable release_sock inet_sendmsg __x64_sys_recvfrom'],
  ['TCP', 'tcp_ack __tcp_transmit_skb tcp_poll __inet_lookup_established bpf_skops_write_hdr_opt'],
  [
    'IP and loopback',
    '__ip_queue_xmit loopback_xmit net_rx_action __napi_poll __dev_queue_xmit nf_hook_slow',
  ],
  ['skb', '__alloc_skb skb_release_data kfree_skbmem sock_rfree skb_defer_free_flush'],
  ['copying', 'memset memset_erms _copy_to_iter copy_user_enhanced_fast_string __get_user_8'],
  [
    'memory',
    'kmem_cache_alloc_node_noprof kfree ___slab_alloc __slab_free kmem_cache_free mem_cgroup_charge',
  ],
  [
    'security',
    'security_socket_sendmsg aa_sk_perm apparmor_socket_recvmsg __check_object_size __list_add_valid',
  ],
  [
    'scheduler',
    '__schedule update_se try_to_wake_up native_sched_clock __wake_up_common pick_eevdf io_schedule',
  ],
  ['context switch', '__switch_to switch_mm_irqs_off finish_task_switch save_fpregs_to_fpstate'],
  ['accounting', 'psi_group_change psi_task_switch cpuacct_charge record_times'],
  ['locking and RCU', '_raw_spin_lock_irqsave mutex_lock __rcu_read_unlock call_rcu'],
  ['timers', 'ktime_get __mod_timer hrtimer_start_range_ns read_tsc tick_program_event'],
  [
    'interrupts',
    'handle_softirqs __do_softirq __local_bh_enable_ip asm_sysvec_apic_timer_interrupt irqentry_exit',
  ],
  ['library', 'rb_erase _find_next_bit siphash_3u32 xas_load'],
  ['other', 'a_function_of_2031'],
];

describe('a function belongs to its subsystem:', () => {
  test.each(NAMES)('%s has %s', (subsystem, names) => {
    for (const name of names.split(/ (?=[^\]]*(?:\[|$))/))
      expect([name, subsystemOf(name)]).toEqual([name, subsystem]);
  });

  test('every rule names a subsystem of the list', () => {
    const named = new Set(SUBSYSTEM_RULES.map(({ subsystem }) => subsystem));
    expect([...named].filter((one) => !SUBSYSTEMS.includes(one))).toEqual([]);
  });
});

describe('next to nothing of a request belongs to none:', () => {
  test.each(['6.1', '6.12', '7.2'] as const)('of epoll-lt on Linux %s', (kernel) => {
    const { functions, instructions } = fixturePath(kernel);
    const other = functions.filter(({ name }) => subsystemOf(name) === 'other');
    expect(sumOf(other, (one) => one.instructions) / instructions).toBeLessThan(0.005);
  });

  test('of all that the models execute on three kernels, under load of all kinds', () => {
    const executed = executedFunctions();
    const other = executed.filter(({ name }) => subsystemOf(name) === 'other');
    const all = sumOf(executed, ({ instructions }) => instructions);
    expect(executed.length).toBeGreaterThan(1000);
    expect(sumOf(other, ({ instructions }) => instructions) / all).toBeLessThan(0.005);
    expect(other.length / executed.length).toBeLessThan(0.03);
  });
});
