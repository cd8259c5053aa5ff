import { expect, test } from 'vitest';
import { guideRun } from '../claims/evidence.ts';
import { BREAKDOWN } from '../claims/further/breakdown.ts';
import { LEVEL_EDGE } from '../claims/further/level-edge.ts';
import type { GuideTable } from '../claims/further/table.ts';
import { fixtureGuideRun } from '../fixtures/guide.ts';
import { fixtureBeside } from '../fixtures/guide-evidence.ts';
import { renderTable } from '../render/table.ts';
import { evidenceOf } from './guide-summary.ts';
import { answerTable, guideTable } from './guide-table.ts';

const evidence = evidenceOf(guideRun(fixtureGuideRun()), fixtureBeside());

function rendered(table: GuideTable, rows: readonly string[]): string {
  const some = { ...table, rows: table.rows.filter(({ id }) => rows.includes(id)) };
  return renderTable(guideTable(some, answerTable(some, evidence)), { width: 120, color: false });
}

test('Costs stand beside the guide in ns with their interval, and in cycles', () => {
  expect(rendered(BREAKDOWN, ['entry', 'validation', 'total'])).toMatchInlineSnapshot(`
    "What ~150 ns actually buys you on x86_64: what the guide says, and this host
    the guide                                     this host
    User → Kernel transition     “~50 cycles      entry and return together, of a call that does not exist:
    (syscall entry)              (~25 ns)”        100 [99, 101] ns, 250 cycles
    ───────────────────────────  ───────────────  ────────────────────────────────────────────────────────────────────────
    Argument validation /        “~20 cycles      not measured (not timed apart: costs --explain read-0 counts the
    security check               (~10 ns)”        instructions of each kernel function in a guest)
    ───────────────────────────  ───────────────  ────────────────────────────────────────────────────────────────────────
    Total per syscall (best      “~185 cycles     read of 0 bytes of /dev/null: 103 [102, 104] ns, 253 cycles
    case, hot path)              (~92 ns)”        a call that does nothing: 104 [103, 105] ns, 254 cycles
      User → Kernel transition (syscall entry): entry and return cannot be told apart without counters of the kernel.
      Total per syscall (best case, hot path): the parts add up to 185 cycles, which is 92 ns at 2.0 GHz and not the 150 ns
      of the heading."
  `);
});

test('What probes saw and what runs counted stand in one cell, and the correction below', () => {
  expect(rendered(LEVEL_EDGE, ['stdin', 'accept'])).toMatchInlineSnapshot(`
    "When to use level vs edge: what the guide says, and this host
    the guide                                                        this host
    Interactive       “Level            “Data may arrive             level, after part was read: 1 events
    terminal / stdin  (default)”        incrementally; you want      edge, after part was read: 1 events
                                        every chance to read”        a terminal: 1, a file as stdin: 1
    ────────────────  ────────────────  ───────────────────────────  ─────────────────────────────────────────────────────
    Accept loop for   “Edge (EPOLLET)   “Correct and efficient;      connections that wait: 1,
    listening socket  + loop to         without loop, you’ll drop    edge, events of the first wait: 1,
                      EAGAIN”           connections”                 after one accept: 1, after one more connect: 1,
                                                                     still to be accepted then: 1,
                                                                     level, after one accept: 1
      Interactive terminal / stdin: where stdin is a file, epoll_ctl fails with EPERM, whatever the mode; a program has to
      expect that.
      Accept loop for listening socket: none is dropped: they stay in the queue and can be accepted later. What is lost
      without the loop is the event, until another connection comes.
      events are what one epoll_wait(2) with no timeout reported."
  `);
});
