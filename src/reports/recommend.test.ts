import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { parseCase } from '../config/case-config.ts';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { fixtureSweep } from '../fixtures/scale.ts';
import { recommend } from '../recommend/recommend.ts';
import { renderDocument } from '../render/terminal.ts';
import { recommendReport } from './recommend.ts';

const sweep = fixtureSweep({ active: [1], idle: [0, 100, 1000, 9900] });
const runs = [fixtureGuideRun(), { ...sweep, record: { ...sweep.record, runId: '20250102-000000-sweep' } }];
const callCost = { id: '20250101-000000', ns: 95 };
const all = recommendReport(recommend(runs, { callCost }));
const one = recommendReport(
  recommend(runs, { callCost, asked: parseCase('connections=5000,active=1%,message=64') }),
);

test('The answer to a case: the cells that it rests on, what is not among them, what would change it', () => {
  expect(renderDocument(one, { width: 120, color: false })).toMatchInlineSnapshot(`
    "For 5,000 connections, 50 active, 64 B
    Linux 6.12.1 · 2 runs: run 20250101-000000-fixture, run 20250102-000000-sweep · costs 20250101-000000

    Take io_uring: measured below in mostly-idle and above in c10k; the case itself was not measured, and what lies between
    is taken to lie between. Measure it: iomodels-bench run --models
    io_uring,epoll-et,epoll-lt,io_uring-sqpoll,poll,blocking --connections 5000 --active 50 --message 64

    mostly-idle: 1,000 connections, 10 active, 64 B
    model               CPU  CPU/req, times                    req/s, times          sysc.  blocks
                       /req  the best                          the best by CPU        /req
    io_uring         5.00µs  the best                          -                     0.050       -
    epoll-et         6.15µs  ×1.230 [1.136–1.332]  takes more  ×0.813 [0.751–0.880]   2.05       6
    epoll-lt         6.19µs  ×1.237 [1.216–1.259]  takes more  ×0.808 [0.794–0.822]   2.05       6
    io_uring-sqpoll  7.39µs  ×1.476 [1.399–1.559]  takes more  ×0.677 [0.642–0.715]      0       6
    poll             7.90µs  ×1.579 [1.537–1.621]  takes more  ×0.633 [0.617–0.650]   2.05       6
    blocking         8.99µs  ×1.798 [1.789–1.808]  takes more  ×0.556 [0.553–0.559]   2.00       6
      select: not measured in the other cell.

    c10k: 10,000 connections, 100 active, 64 B
    model               CPU  CPU/req, times                    req/s, times          sysc.  blocks
                       /req  the best                          the best by CPU        /req
    io_uring         4.99µs  the best                          -                     0.050       -
    epoll-et         6.16µs  ×1.234 [1.213–1.255]  takes more  ×0.810 [0.797–0.825]   2.05       6
    epoll-lt         6.20µs  ×1.242 [1.187–1.299]  takes more  ×0.805 [0.770–0.842]   2.05       6
    io_uring-sqpoll  7.41µs  ×1.484 [1.436–1.534]  takes more  ×0.674 [0.652–0.696]      0       6
    blocking         9.02µs  ×1.806 [1.776–1.837]  takes more  ×0.554 [0.544–0.563]   2.00       6
    poll             22.1µs  ×4.432 [4.299–4.569]  takes more  ×0.226 [0.219–0.233]   2.05       6
      select: holds at most 1016 connections, the workload needs 10000.

    Not among them:
    - select: holds at most 1,016 connections

    What would change the answer:
    - measured: 1,000 to 10,000 connections, 10 to 100 of them active, messages of 64 B, over loopback, servers on one CPU,
    Linux 6.12.1. A network card, more CPUs, another kernel or work between the requests would move the answer, and are not
    in it

    CPU per request of all threads of a server is compared, in pairs within the blocks: it is the server’s own where the
    client is the limit. × is how many times the best it is, [ ] its 95 % interval.
    no difference: none that these runs can show, at 95 % and guarded for all comparisons; ? one that may be chance among so
    many. With 95 % the cheapest is among those named, over the whole table.
    CPU/req of A / B: below 1 A takes less; = no difference shown, ? may be chance. meet at: straight lines between the
    measured values, with the 95 % interval over blocks; sure is only between which two values."
  `);
});

test('All loads: a choice each, and where families cost the same', () => {
  expect(renderDocument(all, { width: 120, color: false })).toMatchInlineSnapshot(`
    "Recommendations
    Linux 6.12.1 · 2 runs: run 20250101-000000-fixture, run 20250102-000000-sweep · costs 20250101-000000

    io_uring is among the cheapest under 7 of 7 loads; ask for yours with --for 'connections=5000,active=1%,message=64'

    Which model takes the least server CPU per request, by load
    load               take                 CPU  take more, times the best                  by         rests on
                                           /req                                             requests
                                                                                            per
                                                                                            second
    1 connection, 64   io_uring          5.09µs  epoll-lt ×1.213 [1.178–1.250], epoll-et    none is    ping-pong,
    B                                            ×1.227 [1.176–1.280], poll ×1.255          faster     idle-0-active-1 of 2
                                                 [1.247–1.263], select ×1.265                          runs, 6–12 blocks
                                                 [1.227–1.305], 2 more
    ─────────────────  ────────────────  ──────  ─────────────────────────────────────────  ─────────  ────────────────────
    101 connections,   no difference:    5.24µs  poll ×1.690 [1.648–1.733], select ×1.719   none is    idle-100-active-1, 6
    1 active, 64 B     io_uring,                 [1.679–1.761]                              faster     blocks
                       epoll-lt?
    ─────────────────  ────────────────  ──────  ─────────────────────────────────────────  ─────────  ────────────────────
    200 connections,   io_uring          4.99µs  epoll-et ×1.234 [1.196–1.272], epoll-lt    none is    many-connections, 6
    all active, 64 B                             ×1.242 [1.199–1.287], poll ×1.261          faster     blocks
                                                 [1.218–1.306], select ×1.304
                                                 [1.273–1.337], 2 more
    ─────────────────  ────────────────  ──────  ─────────────────────────────────────────  ─────────  ────────────────────
    1,000              no difference:    5.00µs  epoll-lt ×1.237 [1.216–1.259],             none is    mostly-idle, 6
    connections, 10    io_uring,                 io_uring-sqpoll ×1.476 [1.399–1.559],      faster     blocks
    active, 64 B       epoll-et?                 poll ×1.579 [1.537–1.621], select ×1.594
                                                 [1.480–1.716], 1 more
    ─────────────────  ────────────────  ──────  ─────────────────────────────────────────  ─────────  ────────────────────
    1,001              no difference:    5.18µs  select ×5.818 [5.695–5.944], poll ×6.103   none is    idle-1000-active-1,
    connections, 1     io_uring,                 [5.984–6.225]                              faster     6 blocks
    active, 64 B       epoll-lt?
    ─────────────────  ────────────────  ──────  ─────────────────────────────────────────  ─────────  ────────────────────
    9,901              no difference:    5.33µs  poll ×48.23 [46.42–50.11]                  none is    idle-9900-active-1,
    connections, 1     io_uring,                                                            faster     6 blocks
    active, 64 B       epoll-lt?
    ─────────────────  ────────────────  ──────  ─────────────────────────────────────────  ─────────  ────────────────────
    10,000             io_uring          4.99µs  epoll-et ×1.234 [1.213–1.255], epoll-lt    none is    c10k, 6 blocks
    connections, 100                             ×1.242 [1.187–1.299], io_uring-sqpoll      faster
    active, 64 B                                 ×1.484 [1.436–1.534], blocking ×1.806
                                                 [1.776–1.837], 1 more

    Crossovers over connections, all active (64 B)
    CPU/req of                1     200  meet at

    blocking / select     1.388   1.380        -  select takes less than blocking at all of 1 to 200 (×1.380 at 200)
    ───────────────────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────────────────────
    blocking / poll       1.432   1.428        -  poll takes less than blocking at all of 1 to 200 (×1.428 at 200)
    ───────────────────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────────────────────
    blocking / epoll-lt   1.452   1.450        -  epoll-lt takes less than blocking at all of 1 to 200 (×1.450 at 200)
    ───────────────────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────────────────────
    blocking / io_uring   1.802   1.801        -  io_uring takes less than blocking at all of 1 to 200 (×1.801 at 200)
    ───────────────────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────────────────────
    select / poll        1.013=  1.035?        -  select and poll: no difference that these runs can show, at any of 1 to
                                                  200
    ───────────────────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────────────────────
    select / epoll-lt     1.049  1.051?        -  epoll-lt takes less than select up to 1; from 200 on no difference that
                                                  these runs can show
    ───────────────────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────────────────────
    select / io_uring     1.265   1.304        -  io_uring takes less than select at all of 1 to 200 (×1.304 at 200)
    ───────────────────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────────────────────
    poll / epoll-lt      1.034?  1.015=        -  poll and epoll-lt: no difference that these runs can show, at any of 1 to
                                                  200
    ───────────────────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────────────────────
    poll / io_uring       1.255   1.261        -  io_uring takes less than poll at all of 1 to 200 (×1.261 at 200)
    ───────────────────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────────────────────
    epoll-lt / io_uring   1.213   1.242        -  io_uring takes less than epoll-lt at all of 1 to 200 (×1.242 at 200)

    Crossovers over connections, 1 of them active (64 B)
    CPU/req of                1     101   1,001   9,901  meet at

    select / poll        1.013=  1.018=  0.955?       -        -  select and poll: no difference that these runs can show,
                                                                  at any of 1 to 1,001; select holds at most 1,016
                                                                  connections
    ───────────────────  ──────  ──────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────
    select / epoll-lt     1.049   1.475   4.957       -        -  epoll-lt takes less than select at all of 1 to 1,001
                                                                  (×4.957 at 1,001); select holds at most 1,016 connections
    ───────────────────  ──────  ──────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────
    select / io_uring     1.265   1.719   5.818       -        -  io_uring takes less than select at all of 1 to 1,001
                                                                  (×5.818 at 1,001); select holds at most 1,016 connections
    ───────────────────  ──────  ──────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────
    poll / epoll-lt      1.034?   1.444   5.215   42.32        -  epoll-lt takes less than poll from 101 on (×42.32 at
                                                                  9,901); up to 1 no difference that these runs can show
    ───────────────────  ──────  ──────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────
    poll / io_uring       1.255   1.690   6.103   48.23        -  io_uring takes less than poll at all of 1 to 9,901 (×48.23
                                                                  at 9,901)
    ───────────────────  ──────  ──────  ──────  ──────  ───────  ──────────────────────────────────────────────────────────
    epoll-lt / io_uring   1.213  1.165?  1.174?  1.133?        -  io_uring takes less than epoll-lt up to 1; from 101 on no
                                                                  difference that these runs can show

    Crossovers over connections, 1 % of them active (64 B)
    CPU/req of           1,000  10,000               meet at

    blocking / poll      1.139   0.408  2,710 [2,495, 2,934]  poll takes less up to 1,000, blocking from 10,000 on; they
                                                              meet at 2,710 [2,495, 2,934]
    ───────────────────  ─────  ──────  ────────────────────  ──────────────────────────────────────────────────────────────
    blocking / epoll-lt  1.453   1.455                     -  epoll-lt takes less than blocking at all of 1,000 to 10,000
                                                              (×1.455 at 10,000)
    ───────────────────  ─────  ──────  ────────────────────  ──────────────────────────────────────────────────────────────
    blocking / io_uring  1.798   1.806                     -  io_uring takes less than blocking at all of 1,000 to 10,000
                                                              (×1.806 at 10,000)
    ───────────────────  ─────  ──────  ────────────────────  ──────────────────────────────────────────────────────────────
    poll / epoll-lt      1.276   3.569                     -  epoll-lt takes less than poll at all of 1,000 to 10,000
                                                              (×3.569 at 10,000)
    ───────────────────  ─────  ──────  ────────────────────  ──────────────────────────────────────────────────────────────
    poll / io_uring      1.579   4.432                     -  io_uring takes less than poll at all of 1,000 to 10,000
                                                              (×4.432 at 10,000)
    ───────────────────  ─────  ──────  ────────────────────  ──────────────────────────────────────────────────────────────
    epoll-lt / io_uring  1.237   1.242                     -  io_uring takes less than epoll-lt at all of 1,000 to 10,000
                                                              (×1.242 at 10,000)

    What would change the answer:
    - io_uring would take a tenth less than epoll-et (mostly-idle): if a system call cost 250 ns more than here (here it
    costs 95 ns) and nothing else changed; they make 0.050 and 2.05 calls per request
    - more blocks under idle-100-active-1, if the differences are what they look like; so many would tell from the best:
    epoll-lt 4
    - more blocks under mostly-idle, if the differences are what they look like; so many would tell from the best: epoll-et
    5
    - likewise under 2 more loads: --for tells of each
    - measured: 1 to 10,000 connections, 1 to 200 of them active, messages of 64 B, over loopback, servers on one CPU, Linux
    6.12.1. A network card, more CPUs, another kernel or work between the requests would move the answer, and are not in it

    CPU per request of all threads of a server is compared, in pairs within the blocks: it is the server’s own where the
    client is the limit. × is how many times the best it is, [ ] its 95 % interval.
    no difference: none that these runs can show, at 95 % and guarded for all comparisons; ? one that may be chance among so
    many. With 95 % the cheapest is among those named, over the whole table.
    CPU/req of A / B: below 1 A takes less; = no difference shown, ? may be chance. meet at: straight lines between the
    measured values, with the 95 % interval over blocks; sure is only between which two values."
  `);
});

test.each([160, 100, 80])('fit %i columns', (width) => {
  for (const document of [all, one])
    for (const line of renderDocument(document, { width, color: false }).split('\n'))
      expect(stringWidth(line), line).toBeLessThanOrEqual(width);
});
