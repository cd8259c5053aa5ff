import { cycles, type GuideTable, HERE, several } from './table.ts';

const IN_A_GUEST =
  'not timed apart: costs --explain read-0 counts the instructions of each kernel function in a guest';

/** "What ~150 ns Actually Buys You on x86_64": the parts of a read(). */
export const BREAKDOWN: GuideTable = {
  id: 'breakdown',
  title: 'What ~150 ns actually buys you on x86_64',
  guide: [
    { key: 'part', header: 'the guide' },
    { key: 'number', header: '' },
  ],
  here: HERE,
  rows: [
    {
      id: 'entry',
      claims: ['syscall-entry-50-cycles'],
      guide: { part: 'User → Kernel transition (syscall entry)', number: '~50 cycles (~25 ns)' },
      here: {
        here: several(cycles('syscall-enosys', 'entry and return together, of a call that does not exist')),
      },
      correction: 'entry and return cannot be told apart without counters of the kernel.',
    },
    {
      id: 'validation',
      claims: [],
      guide: { part: 'Argument validation / security check', number: '~20 cycles (~10 ns)' },
      here: { here: { kind: 'not-measured', why: IN_A_GUEST } },
      correction: null,
    },
    {
      id: 'lookup',
      claims: ['syscall-fd-lookup'],
      guide: { part: 'File table lookup (fd → struct file)', number: '~30 cycles (~15 ns)' },
      here: {
        here: several(
          cycles(
            'fd-lookup',
            'a read of /dev/null over a call that takes no descriptor (the read itself is in it)',
          ),
          cycles('fd-miss', 'a read of a descriptor that is not open, in all'),
        ),
      },
      correction: null,
    },
    {
      id: 'permission',
      claims: [],
      guide: { part: 'Permission / capability check', number: '~15 cycles (~8 ns)' },
      here: { here: { kind: 'not-measured', why: IN_A_GUEST } },
      correction: null,
    },
    {
      id: 'preemption',
      claims: [],
      guide: { part: 'Scheduler preemption check', number: '~20 cycles (~10 ns)' },
      here: { here: { kind: 'not-measured', why: IN_A_GUEST } },
      correction: null,
    },
    {
      id: 'return',
      claims: ['syscall-entry-50-cycles'],
      guide: { part: 'Kernel → User transition (syscall return)', number: '~50 cycles (~25 ns)' },
      here: {
        here: several(cycles('syscall-enosys', 'entry and return together, of a call that does not exist')),
      },
      correction: null,
    },
    {
      id: 'total',
      claims: ['syscall-table-sum', 'syscall-cost'],
      guide: { part: 'Total per syscall (best case, hot path)', number: '~185 cycles (~92 ns)' },
      here: {
        here: several(
          cycles('read-0', 'read of 0 bytes of /dev/null'),
          cycles('syscall-noop', 'a call that does nothing'),
        ),
      },
      correction:
        'the parts add up to 185 cycles, which is 92 ns at 2.0 GHz and not the 150 ns of the heading.',
    },
    {
      id: 'context-switch',
      claims: ['ctx-switch-1-1-5us'],
      guide: { part: 'Add a context switch (thread descheduled)', number: '+2,000–3,000 cycles (~1–1.5 µs)' },
      here: {
        here: several(
          cycles('context-switch-same-cpu', 'two threads on one CPU, pipe calls taken off'),
          cycles('context-switch-two-cpus', 'on two CPUs: a wake-up of the other one, not only a switch'),
        ),
      },
      correction: null,
    },
    {
      id: 'cache-miss',
      claims: ['file-struct-cache-miss'],
      guide: { part: 'Add a cache miss on the file struct', number: '+50–200 cycles' },
      here: { here: cycles('file-miss', 'a random one of 15,000 open files over always the same') },
      correction: null,
    },
    {
      id: 'numa',
      claims: ['cross-numa-access'],
      guide: { part: 'Add a cross-NUMA memory access', number: '+100–300 cycles' },
      here: {
        here: several(
          cycles('memory-chase-remote', 'a dependent load of another node'),
          cycles('memory-chase-local', 'of this one'),
        ),
      },
      correction: null,
    },
  ],
};
