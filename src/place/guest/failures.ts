import { EnvironmentError } from '../../util/errors.ts';
import type { ImageProblem } from './kernel-image.ts';

/** What can break about a guest. */
export type GuestFailure =
  | ImageProblem
  /** What unpacks or starts the kernel found it damaged. */
  | 'damaged-image'
  /** The kernel found nothing that it could start as init, or could not unpack the initramfs. */
  | 'no-init'
  | 'panic'
  | 'out-of-memory'
  /** QEMU stopped executing the guest without ending, as it does on an internal error. */
  | 'paused'
  /** The agent is of another version of this tool, or speaks otherwise. */
  | 'agent-mismatch'
  /** The agent said what cannot be understood. */
  | 'agent-garbage'
  /** The guest ended while it owed an answer. */
  | 'cut-short'
  /** The guest reset or powered itself off when nothing was asked. */
  | 'ended'
  /** QEMU itself failed, or was killed. */
  | 'qemu'
  | 'deadline';

export type GuestStage = 'start' | 'boot' | 'work' | 'power-off';

/** What is known when a guest has ended that should not have, or had to be ended. */
export interface GuestEvidence {
  readonly stage: GuestStage;
  /** The end of what the kernel said. */
  readonly console: string;
  /** What QEMU said to people. */
  readonly stderr: string;
  /** How QEMU's process ended. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** QEMU's run state where it stopped the guest, such as `internal-error`. */
  readonly paused: string | null;
  /** What had not come within so many milliseconds. */
  readonly deadline: { readonly what: string; readonly ms: number } | null;
  /** Why the line to the agent broke, and what was read last. */
  readonly agent: { readonly message: string; readonly read: string } | null;
  /** Why QEMU ended in its own words, such as `guest-reset`. */
  readonly shutdown: string | null;
}

/** A guest that broke. `consoleTail` is what its kernel said last, and `consolePath` where all of it is. */
export class GuestError extends EnvironmentError {
  readonly kind: GuestFailure;
  readonly consolePath: string | null;
  readonly consoleTail: readonly string[];
  constructor(
    kind: GuestFailure,
    message: string,
    options: ErrorOptions & { readonly consolePath?: string; readonly consoleTail?: readonly string[] } = {},
  ) {
    const { consolePath = null, consoleTail = [], ...rest } = options;
    super(message, rest);
    this.name = 'GuestError';
    this.kind = kind;
    this.consolePath = consolePath;
    this.consoleTail = consoleTail;
  }
}

interface Failure {
  readonly kind: GuestFailure;
  readonly message: string;
}

const STAGE: Readonly<Record<GuestStage, string>> = {
  start: 'when QEMU was started',
  boot: 'while the guest booted',
  work: 'while the guest was at work',
  'power-off': 'while the guest powered off',
};

/** Names what went wrong: what the kernel said comes first, for the rest follows from it. */
export function nameFailure(evidence: GuestEvidence): Failure {
  const told = ofConsole(evidence.console);
  const { kind, message } =
    (told && { ...told, message: `${told.message}${adviceOn(told.kind)}` }) ??
    ofPause(evidence) ??
    ofAgent(evidence) ??
    ofDeadline(evidence) ??
    ofEnd(evidence);
  return { kind, message: `${message}, ${STAGE[evidence.stage]}` };
}

/** As much as all sockets may have, a share of the guest's memory: they go without, and the guest goes on. */
const SOCKETS_STARVED = /TCP: out of memory -- consider tuning tcp_mem/;

/** That a guest which goes on ran out of memory, by what its kernel says, with advice; null: it says nothing of it. */
export function memoryFault(console: string): string | null {
  if (SOCKETS_STARVED.test(console))
    return `the guest has not the memory for so many sockets (tcp_mem)${adviceOn('out-of-memory')}`;
  for (const { pattern, kind, message } of CONSOLE_SIGNS) {
    const found = kind === 'out-of-memory' ? pattern.exec(console) : null;
    if (found) return `${message(found)}${adviceOn(kind)}`;
  }
  return null;
}

function adviceOn(kind: GuestFailure): string {
  return kind === 'out-of-memory' ? ' (--memory gives it more)' : '';
}

/** `found` names what one of `patterns` matched; the first that matches says what it is. */
const CONSOLE_SIGNS: readonly {
  readonly pattern: RegExp;
  readonly kind: GuestFailure;
  readonly message: (found: RegExpExecArray) => string;
}[] = [
  {
    pattern: /Initramfs unpacking failed: write error/,
    kind: 'out-of-memory',
    message: () => 'the guest ran out of memory when it unpacked its initramfs',
  },
  {
    pattern: /(?:Out of memory|Memory cgroup out of memory): Killed process \d+ \(([^)]*)\)/,
    kind: 'out-of-memory',
    message: ([, program]) => `the guest ran out of memory: its kernel killed ${program}`,
  },
  {
    pattern: /Kernel panic - not syncing: (System is deadlocked on memory|[Oo]ut of memory.*)/,
    kind: 'out-of-memory',
    message: ([, why]) => `the guest ran out of memory: ${why}`,
  },
  {
    pattern: /(?:Initramfs unpacking failed: |rootfs image is not initramfs \()([^)\n]*)/,
    kind: 'no-init',
    message: ([, why]) => `the kernel could not unpack the initramfs (${why?.trim()})`,
  },
  {
    pattern: /Failed to execute \/init \(error (-\d+)\)/,
    kind: 'no-init',
    message: ([, code]) =>
      `the kernel could not start /init (error ${code}${code === '-8' ? ', no program of its architecture' : ''})`,
  },
  {
    pattern: /Kernel panic - not syncing: (No working init found|VFS: Unable to mount root fs)/,
    kind: 'no-init',
    message: () => 'the kernel found no /init to start',
  },
  {
    pattern: /Kernel panic - not syncing: Attempted to kill init! exitcode=0x([0-9a-f]+)/,
    kind: 'panic',
    message: ([, code = '0']) => `the kernel panicked: its init, the agent, ended (${waitStatus(code)})`,
  },
  {
    pattern: /Kernel panic - not syncing: ([^\n\]]*)/,
    kind: 'panic',
    message: ([, why]) => `the kernel panicked: ${why?.trim()}`,
  },
  {
    pattern: /([^\n]*)\s+-- System halted/,
    kind: 'damaged-image',
    message: ([, why]) => `the kernel could not be unpacked: ${why?.trim()}`,
  },
  {
    pattern: /(?:BUG: |Oops: |general protection fault)[^\n]*/,
    kind: 'panic',
    message: ([what]) => `the kernel broke (${what?.trim()})`,
  },
];

function ofConsole(text: string): Failure | null {
  for (const { pattern, kind, message } of CONSOLE_SIGNS) {
    const found = pattern.exec(text);
    if (found) return { kind, message: message(found) };
  }
  return null;
}

/** Whether a console says that nothing will be executed any more. */
export function isHalted(text: string): boolean {
  return / -- System halted/.test(text);
}

/** Whether a line of a console says that something broke. */
export function isOfFailure(line: string): boolean {
  return /Kernel panic|BUG: |Oops: |general protection fault|Out of memory|unpacking failed|System halted/.test(
    line,
  );
}

/** Of a wait(2) status in hexadecimal digits. */
function waitStatus(hex: string): string {
  const status = Number.parseInt(hex, 16);
  const signal = status & 0x7f;
  return signal === 0 ? `exit code ${(status >> 8) & 0xff}` : `signal ${signal}`;
}

function ofPause({ paused, stderr }: GuestEvidence): Failure | null {
  if (paused === null) return null;
  return { kind: 'paused', message: `QEMU paused the guest (${paused})${said(stderr)}` };
}

function ofAgent({ agent }: GuestEvidence): Failure | null {
  if (agent === null) return null;
  if (/of another version/.test(agent.message)) return { kind: 'agent-mismatch', message: agent.message };
  if (/did not say hello|no answer|understood nothing|not asked|longer than/.test(agent.message))
    return { kind: 'agent-garbage', message: agent.message };
  return null;
}

function ofDeadline({ deadline, console: text }: GuestEvidence): Failure | null {
  if (deadline === null) return null;
  const silent = text.trim() === '' ? '; its console is empty' : '';
  return {
    kind: 'deadline',
    message: `${deadline.what} did not come within ${deadline.ms / 1000} s${silent}`,
  };
}

function ofEnd(evidence: GuestEvidence): Failure {
  const { exitCode, signal, stderr, stage, agent, shutdown } = evidence;
  if (exitCode !== 0 && /cannot set up guest memory|[Cc]annot allocate memory/.test(stderr))
    return { kind: 'out-of-memory', message: `this host has not the memory for the guest${said(stderr)}` };
  if (exitCode !== 0 && /load kernel|kernel header|kernel image|Error loading|PVH ELF Note/i.test(stderr))
    return { kind: 'not-an-image', message: `QEMU could not load the kernel${said(stderr)}` };
  if (signal !== null) {
    const why = signal === 'SIGKILL' ? ' (by hand, or because this host ran out of memory)' : '';
    return { kind: 'qemu', message: `QEMU was ended by ${signal}${why}${said(stderr)}` };
  }
  if (exitCode !== 0)
    return { kind: 'qemu', message: `QEMU failed with exit code ${exitCode}${said(stderr)}` };
  const how = shutdown === 'guest-reset' ? 'reset itself' : 'ended by itself';
  if (stage === 'work' && agent !== null) {
    const read = agent.read === '' ? '' : `; what came last: ${JSON.stringify(agent.read.slice(-200))}`;
    return { kind: 'cut-short', message: `the guest ${how} in the middle of an answer${read}` };
  }
  return { kind: 'ended', message: `the guest ${how}` };
}

function said(stderr: string): string {
  const lines = stderr.trim().split('\n').filter(Boolean);
  return lines.length === 0 ? '' : `: ${lines.slice(-3).join('; ')}`;
}
