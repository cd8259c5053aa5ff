import type { Row, Table } from '../document/document-schema.ts';
import { formatCount } from '../document/format.ts';
import { text } from '../document/table.ts';
import type { PathFunction, PathLength } from '../explain/explain-schema.ts';
import { isUserFunction } from '../explain/user-space.ts';
import { sumOf } from '../stats/sums.ts';

/** What the guide says that a read() is made of, and whose instructions that are: the first rule that fits decides. */
const LINES: readonly { readonly says: string; readonly guide: string; readonly names: RegExp }[] = [
  {
    says: 'user space: the loop and the call',
    guide: '',
    names: /^\[/,
  },
  {
    says: 'syscall return',
    guide: '~50 cycles',
    names: /syscall_exit|exit_to_user|syscall_return|sysret|_user_mode_prepare|fpregs_assert|arch_exit/,
  },
  {
    says: 'scheduler preemption check',
    guide: '~20 cycles',
    names: /cond_resched|preempt_schedule|need_resched|^__?schedule$/,
  },
  {
    says: 'randomised kernel stack',
    guide: 'not in the guide',
    names: /random|chacha|rdtsc|crng|prandom|add_random_kstack/,
  },
  {
    says: 'syscall entry',
    guide: '~50 cycles',
    names:
      /^entry_SYSCALL|do_syscall_64|x64_sys_call|syscall_enter|^syscall_trace|enter_from_user_mode|^__x64_sys/,
  },
  {
    says: 'file table lookup',
    guide: '~30 cycles',
    names: /fdget|fget|fput|__fdget|^fd_|files_lookup/,
  },
  {
    says: 'permission / capability check',
    guide: '~15 cycles',
    names: /security|apparmor|selinux|^aa_|capable|fsnotify|lsm|bpf_lsm|common_file_perm/,
  },
  {
    says: 'argument validation / security check',
    guide: '~20 cycles',
    names: /rw_verify_area|access_ok|ksys_read|ksys_write|vfs_read|vfs_write|check_/,
  },
  {
    says: 'mitigations: thunks of indirect calls and returns',
    guide: 'not in the guide',
    names: /thunk|retbleed|srso|clear_bhb|^its_/,
  },
];

/** What executes less per operation is an interruption. */
const SHOWN_FROM = 1;

/** Instructions of a read(2) beside the guide's lines, with the functions that are taken for each. */
export function costPathTable(path: PathLength): Table {
  const rest = path.functions.filter(({ name }) => LINES.every(({ names }) => !names.test(name)));
  const rows = LINES.map((line, i) => ({
    ...line,
    functions: path.functions.filter(
      ({ name }) => line.names.test(name) && LINES.slice(0, i).every(({ names }) => !names.test(name)),
    ),
  }));
  return {
    title: `What ${path.label} is made of: instructions per operation, in a guest of Linux ${path.kernel}`,
    columns: [
      { key: 'says', header: 'part', align: 'left', priority: 0 },
      { key: 'guide', header: 'the guide', align: 'right', priority: 1 },
      { key: 'instructions', header: 'instructions', align: 'right', priority: 0 },
      { key: 'functions', header: 'functions', align: 'left', priority: 0, wrap: true },
    ],
    rows: [
      ...rows.map(rowOf),
      rowOf({ says: 'the file itself, and what else there is', guide: '', functions: rest }),
      {
        says: text('all of it', 'strong'),
        guide: text('~185 cycles'),
        instructions: text(formatCount(path.instructions), 'strong'),
      },
    ],
    notes: [
      'Instructions are no cycles: a system call is a handful of slow ones. What a line is made of is a rule on names, and what is inlined counts where it was inlined.',
    ],
  };
}

function rowOf(line: {
  readonly says: string;
  readonly guide: string;
  readonly functions: readonly PathFunction[];
}): Row {
  const shown = line.functions.filter(
    ({ name, instructions }) => !isUserFunction(name) && instructions >= SHOWN_FROM,
  );
  return {
    says: text(line.says),
    guide: text(line.guide, 'faint'),
    instructions: text(formatCount(sumOf(line.functions, ({ instructions }) => instructions))),
    functions: text(
      shown.map(({ name, instructions }) => `${name} ${formatCount(instructions)}`).join(', '),
      'faint',
    ),
  };
}
