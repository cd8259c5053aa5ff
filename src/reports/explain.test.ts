import { describe, expect, test } from 'vitest';
import { differenceOf } from '../explain/difference.ts';
import { fixturePath } from '../fixtures/explanations.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderDocument } from '../render/terminal.ts';
import { differenceReport, pathReport } from './explain.ts';

const VIEW = { top: 8, warnings: [] };
const WIDTH = 110;
const rendered = (document: Parameters<typeof renderDocument>[0]) =>
  renderDocument(document, { width: WIDTH, color: false });

describe('the report of an explanation', () => {
  test('says of one run where the instructions of a request go', () => {
    expect(rendered(pathReport([fixturePath('7.2')], VIEW))).toMatchInlineSnapshot(`
      "Where the instructions of a request go
      epoll-lt under ping-pong, Linux 7.2.13+deb14-cloud-amd64: 36,054 instructions per request in 1 trial of 8,313
      requests (-0.001 % of the instruction clock)

      epoll-lt under ping-pong: instructions per request by subsystem
      subsystem          instructions   share
                             /request
      TCP                       7,890  21.9 %
      scheduler                 6,723  18.6 %
      IP and loopback           4,058  11.3 %
      copying                   2,779   7.7 %
      security                  1,777   4.9 %
      skb                       1,642   4.6 %
      sockets                   1,411   3.9 %
      system call entry         1,248   3.5 %
      epoll                     1,233   3.4 %
      locking and RCU           1,168   3.2 %
      context switch            1,164   3.2 %
      accounting                1,160   3.2 %
      timers                      884   2.5 %
      memory                      702   1.9 %
      library                     671   1.9 %
      user space                  659   1.8 %
      interrupts                  373   1.0 %
      randomness                  241   0.7 %
      files                       159   0.4 %
      mitigations                  96   0.3 %
      other                        15   0.0 %
        left out at 110 columns: most of it in

      epoll-lt under ping-pong: instructions per request by function
      function            subsystem          instructions  share     calls  instructions
                                                 /request         /request         /call
      memset              copying                   2,336  6.5 %      4.00           584
      tcp_ack             TCP                       1,058  2.9 %      2.00           529
      __tcp_transmit_skb  TCP                         766  2.1 %      2.00           383
      tcp_sendmsg_locked  TCP                         652  1.8 %      2.00           326
      do_syscall_64       system call entry           564  1.6 %      6.00            94
      __schedule          scheduler                   560  1.6 %      2.00           280
      psi_group_change    accounting                  526  1.5 %      4.00           131
      _find_next_bit      library                     496  1.4 %      4.01           124
        288 further functions: 29096 instructions per request.

      Both ends of a request: server, load generator and all that the kernel does for them, counted block by block
      as QEMU executes them. Instructions are not time: no caches, no branches, no waiting.
      A function counts what it executes itself, not what it calls. rep movs and rep stos, as in memset and memcpy,
      count once per repetition.
      Calls: how often a function's begin was entered."
    `);
  });

  test('says of two kernels what changed, in a few lines, by subsystem and by function', () => {
    const difference = differenceOf(fixturePath('6.12'), fixturePath('7.2'));
    expect(rendered(differenceReport([difference], VIEW))).toMatchInlineSnapshot(`
      "What makes the path of a request another one
      epoll-lt under ping-pong, Linux 6.12.117+deb13-cloud-amd64: 32,722 instructions per request in 1 trial of
      9,162 requests (-0.001 % of the instruction clock)
      epoll-lt under ping-pong, Linux 7.2.13+deb14-cloud-amd64: 36,054 instructions per request in 1 trial of 8,313
      requests (-0.001 % of the instruction clock)

      epoll-lt under ping-pong: 32,722 → 36,054 instructions per request, +3,332 (+10.2 %)
      scheduler +2,506 per request: update_curr_dl_se +321 (with update_curr_se, update_se), native_sched_clock
      +203, avg_vruntime +168
      library +512 per request: _find_next_bit +496 (called by skb_defer_free_flush), _find_first_bit +56 (called by
      skb_defer_free_flush), rb_first -44
      TCP -448 per request: inet_ehashfn -128, tcp_do_parse_auth_options +82, tcp_stream_memory_free -69
      accounting +416 per request: psi_group_change +276, psi_task_change +66, cpuacct_charge +57
      timers +284 per request: __hrtimer_start_range_ns +166, hrtimer_start_range_ns +92 (called by
      finish_task_switch), hrtick_start_fair +42 (called by set_next_task_fair)

      epoll-lt under ping-pong: change of the instructions per request by subsystem
      subsystem          6.12.117  7.2.13  change
      scheduler             4,217   6,723  +2,506
      library                 160     671    +512
      TCP                   8,338   7,890    -448
      accounting              745   1,160    +416
      timers                  599     884    +284
      randomness                0     241    +241
      epoll                 1,052   1,233    +181
      security              1,620   1,777    +157
      copying               2,908   2,779    -129
      IP and loopback       4,172   4,058    -114
      system call entry     1,357   1,248    -109
      memory                  757     702     -55
      context switch        1,218   1,164     -54
      interrupts              424     373     -51
      files                   187     159     -28
      skb                   1,626   1,642     +16
      locking and RCU       1,160   1,168      +9
      user space              664     659      -5
      other                    13      15      +2
      mitigations              95      96      +2
      all                  32,722  36,054  +3,332
        left out at 110 columns: most of it in

      epoll-lt under ping-pong: change of the instructions per request by function
      function                  6.12.117  7.2.13  change  calls/request  what happened
      _find_next_bit                   0     496    +496  0.0 → 4.0      appeared, called by skb_defer_free_flush
      update_curr_dl_se              156     477    +321                 with update_curr_se, update_se
      ep_send_events                   0     285    +285  0.0 → 3.0      appeared, called by do_epoll_wait
      psi_group_change               250     526    +276  2.2 → 4.0      called more by psi_task_change, longer
      prandom_u32_state                0     241    +241  0.0 → 6.0      appeared, called by do_syscall_64
      native_sched_clock             117     320    +203  5.3 → 8.0      called more by sched_clock_noinstr, longer
      avg_vruntime                    50     218    +168  1.2 → 6.0      called more by dequeue_entities, shorter
      __hrtimer_start_range_ns         0     166    +166  0.0 → 2.0      appeared, called by hrtimer_start_range_ns
        left out at 110 columns: subsystem
        243 further changes of functions, together +1,175 instructions per request (--top).
        Appeared, paired with nothing that vanished: 27 functions, +2,062 (_find_next_bit +496 (called by
        skb_defer_free_flush), ep_send_events +285, prandom_u32_state +241 (called by do_syscall_64),
        __hrtimer_start_range_ns +166, put_prev_task_fair +144, exit_to_user_mode_loop +134, skb_defer_free_flush
        +132 (called by net_rx_action), hrtimer_start_range_ns +92 (called by finish_task_switch) and 19 more).
        Vanished, paired with nothing that appeared or grew: 23 functions, -1,225 (__rseq_handle_notify_resume -152,
        inet_ehashfn -128, arch_exit_to_user_mode_prepare -124, syscall_exit_to_user_mode_prepare -84,
        __cond_resched -74, tcp_stream_memory_free -69, __build_skb_around -66, mem_cgroup_handle_over_high -58 and
        15 more).

      Both ends of a request: server, load generator and all that the kernel does for them, counted block by block
      as QEMU executes them. Instructions are not time: no caches, no branches, no waiting.
      A function counts what it executes itself, not what it calls. rep movs and rep stos, as in memset and memcpy,
      count once per repetition.
      Calls: how often a function's begin was entered.
      What happened: of two kernels, what is gone is put together with what is new under a like name (was ...), or
      with its caller where that one changed by as much the other way (with ...: likely inlined, or taken out).
      Calls through pointers have no caller."
    `);
  });

  test('names the rows of one kernel, and looks for no renamed function', () => {
    const difference = differenceOf(fixturePath('7.2'), fixturePath('7.2', 'io_uring'));
    const text = rendered(differenceReport([difference], VIEW));
    expect(text).toContain('epoll-lt → io_uring under ping-pong: ');
    expect(text).not.toMatch(/Appeared, paired|like name/);
  });

  test('holds in markdown what it holds on a terminal', () => {
    const difference = differenceOf(fixturePath('6.12'), fixturePath('7.2'));
    const text = renderMarkdown(differenceReport([difference], VIEW));
    expect(text).toMatch(/\| .*_find_next_bit.* \| .*\+496/);
  });

  test('warns where the counts do not agree with the instruction clock', () => {
    const path = fixturePath('7.2');
    const { warnings } = pathReport([{ ...path, clocked: path.instructions * 1.05 }], VIEW);
    expect(warnings).toEqual([expect.stringMatching(/^epoll-lt under ping-pong: .*instruction clock/)]);
  });
});
