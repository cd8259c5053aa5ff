import { expect, test } from 'vitest';
import { COMPARISON } from '../fixtures/comparison.ts';
import { exportInput, exportText, NASTY_LABELS, relabelled } from '../fixtures/export-input.ts';
import { markdownExporter } from './markdown.ts';

test('The tables of the terminal are there with all their columns', () => {
  expect(exportText(markdownExporter)).toMatchInlineSnapshot(`
    "# Run 20250101-000000-fixture

    - Linux 6.12.1 · 2 × Example CPU @ 2.50GHz · 4 GiB · in kvm, docker
    - server on CPU 0 · client on CPU 1 · governor unknown · SMT off · clock tsc
    - 6 blocks of 300 ms trials after 80 ms warm-up · seed 42 · reference epoll-lt
    - host 1a2b3c4d5e6f · x64 · iomodels-bench 0.1.0

    \`\`\`text
    Work done, times that of epoll-lt, with 95 % intervals
    many-connections
      epoll-et                               ├─●──┤                                 0.993 [0.962, 1.024]
      select   ├▼─┤                             │                                   0.645 [0.632, 0.658]
      io_uring                                  │                             ├─▲─┤ 1.559 [1.515, 1.605]
    fixed-rate
      io_uring                                  │                             ├─▲─┤ 1.568 [1.530, 1.607]
      epoll-et                                ├─●─┤                                 1.000 [0.967, 1.032]
               0.632                      times epoll-lt                      1.607
      ▲ better   ▼ worse   ● no difference   │ as epoll-lt
    \`\`\`

    ## many-connections: 200 connections, all active, 64 B (closed loop)

    | \\# | model | req/s | CPU ns /req | throughput, times epoll-lt | p50 | p99 | p99.9 | sysc. /req | ctxsw /req | thr. | peak RSS | limit |
    | ---: | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
    | 1 | epoll-lt | 152.5k | 6,378 | reference | 1.12ms | 1.83ms | 2.27ms | 2.05 | 0.012 | 1 | 2.20M | server |
    | = | epoll-et | 152.0k | 6,400 | 0.993 \\[0.962–1.024\\] | 1.12ms | 1.84ms | 2.29ms | 2.04 | 0.012 | 1 | 2.20M | server |
    | 3 | select | 98.3k | 9,869 | 0.645 \\[0.632–0.658\\] | 1.73ms | 2.84ms | 3.53ms | 2.10 | 0.012 | 1 | 2.20M | server |
    | c1 | io_uring | 196.0k | 4,100 | CPU 1.559 \\[1.515–1.605\\] | 866µs | 1.43ms | 1.77ms | 0.11 | 0.020 | 1 | 6.50M | client |

    - The client was the limit of io_uring: not ranked by throughput, but by requests per server CPU time.
    - No difference shown to epoll-lt: epoll-et.
    - select: 1 of 6 trials failed: load: the server ended with SIGKILL

    ## fixed-rate: 20,000/s over 100 of 2,000 connections, 64 B (open loop)

    | \\# | model | req/s | CPU ns /req | requests per CPU time, times epoll-lt | p50 | p99 | p99.9 | sysc. /req | ctxsw /req | thr. | peak RSS | limit |
    | ---: | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
    | 1 | io_uring | 20.0k | 4,084 | 1.568 \\[1.530–1.607\\] | 20.9µs | 34.4µs | 41.9µs | 0.11 | 0.021 | 1 | 6.50M | neither |
    | 2 | epoll-lt | 20.0k | 6,401 | reference | 32.6µs | 53.9µs | 65.2µs | 2.05 | 0.013 | 1 | 2.20M | neither |
    | = | epoll-et | 20.0k | 6,400 | 1.000 \\[0.967–1.032\\] | 32.6µs | 53.9µs | 65.2µs | 2.04 | 0.013 | 1 | 2.20M | neither |
    | - | select |  |  | skipped |  |  |  |  |  |  |  |  |

    - The rate is given: rows are ranked by requests per server CPU time, not by throughput.
    - No difference shown to epoll-lt: epoll-et.
    - select: skipped: holds at most 1016 connections, the workload needs 2000

    - = no difference shown: the 95 % interval covers 1
    - In a closed loop the client waits for replies: response time is service time, and a slow server is asked less. Only open-loop workloads show latency at a given rate.

    - System calls are the servers' own counts; run --audit checks them with the kernel's tracepoints and strace.
    - 41 trials measured, 39 of them clean: the others are stored, and left out where enough are clean; 1 failed
    - 76 % of the 23.0 s wall time was load: 13 % warm-up, 63 % measured
    "
  `);
});

test('Of a comparison it says the verdict first', () => {
  expect(exportText(markdownExporter, { ...exportInput(), comparison: COMPARISON })).toMatchInlineSnapshot(`
    "# regressed: CPU/request +11.2 % \\[+9.8 %, +12.4 %\\] over 1 cell; cell by cell 2 regressed, 1 improved, 1 the same, 1 inconclusive

    - base     
    - current  
    - judged by runs: 0 and 0 runs, 5 other runs of this host known

    \`\`\`text
    All cells together: change of each metric, with 95 % intervals
    what the outcome needs
      CPU/request ················│·················               ├────▼───┤ +11.2 % [+9.80 %, +12.4 %]
    beside it
      p99         ················│·················               ├────◇───┤ +11.2 % [+9.80 %, +12.4 %]
                  -4.76 %                   change                    +12.4 %
      ▼ worse   ◇ unclear   │ no change   ··· less than 5 %, which was to be found
    \`\`\`

    ## All cells together

    |  | metric | change in %, geometric mean over the cells | cells | decided by | to be found | p adjusted | would decide |
    | --- | --- | --- | --- | --- | ---: | ---: | --- |
    | regressed | CPU/request | 11.2 \\[9.8, 12.4\\] | 1 | floor | 5 % | 0.002 |  |
    | inconclusive | p99 | 11.2 \\[9.8, 12.4\\] | 1 | floor | 5 % | 0.002 |  |

    - To pass, CPU/request must be the same or improved.
    - p99: tails need 3 runs a side

    ## Counts that hardly vary from block to block

    |  | model | workload | metric | change in % that decides | base | current | decided by | clean trials | runs ± % | medians % | p adjusted | would decide |
    | --- | --- | --- | --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- |
    | improved | epoll-lt | many-connections | throughput | 0.000 \\[-0.100, 0.100\\] | 2 | 2 | counts | 5/6, 6/6 | - | 0 | 1.00 |  |

    ## Times, memory, and counts that vary with the load

    |  | model | workload | metric | change in % that decides | base | current | decided by | clean trials | runs ± % | medians % | p adjusted | would decide |
    | --- | --- | --- | --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- |
    | regressed, confirmed | epoll-lt | many-connections | CPU/request | 11.2 \\[9.8, 12.4\\] | 6.40µs | 7.12µs | floor | 5/6, 6/6 | 0.400 | 14.0 | 0.002 |  |
    | regressed | epoll-lt | many-connections | p50 | 11.2 \\[9.8, 12.4\\] | 6.40µs | 7.12µs | floor | 5/6, 6/6 | 0.400 | 14.0 | 0.002 |  |

    ## Verdicts, cell by cell

    | metric | regressed | improved | inconclusive | same | kind | interval, middle ± % | mostly inconclusive because |
    | --- | ---: | ---: | ---: | ---: | --- | ---: | --- |
    | syscalls/request | 0 | 0 | 0 | 1 | counted | 0.100 |  |
    | throughput | 0 | 1 | 0 | 0 | counted | 0.100 |  |
    | p99 | 0 | 0 | 1 | 0 | counted | 0.100 | tails need 3 runs a side |
    | CPU/request | 1 | 0 | 0 | 0 | timed | 1.30 |  |
    | p50 | 1 | 0 | 0 | 0 | timed | 1.30 |  |

    - Cells that did not change are counted only; --all shows them.
    - floor, ceiling: the expected best of five clean trials of each run, which noise can only make worse; runs ±: how far equal runs lie apart.
    - left out: epoll-lt many-connections RSS; io_uring fixed-rate: not in the base
    - left out: select fixed-rate: skipped on both sides
    "
  `);
});

test.each(NASTY_LABELS)('The label %j breaks no table', (label) => {
  const rows = exportText(markdownExporter, relabelled(label))
    .split(/[\r\n]/)
    .filter((line) => line.startsWith('|'));
  const cells = rows.map((row) => row.match(/(?<!\\)(?:\\\\)*\|/g)?.length);
  expect(rows).toHaveLength(3);
  expect(new Set(cells).size).toBe(1);
});
