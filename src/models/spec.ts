/** One way to wait for and do I/O: a program of `c-helpers/models` and the options it runs with. */
export interface ModelSpec {
  /** What the user types; also the name in every output. */
  readonly id: string;
  readonly family: string;
  /** What it does I/O on. */
  readonly domain: 'socket';
  /** `default` rows are in a plain `run`, which ends within two minutes; the others want `--profile full` or a name. */
  readonly profile: 'default' | 'full';
  /** `c-helpers/models/<program>.c`. */
  readonly program: string;
  readonly options: readonly string[];
  /** Libraries that the program is linked with beside those of every program, without `-l`. */
  readonly libs: readonly string[];
  readonly title: string;
  /** How the program learns that I/O can be done or is done. */
  readonly notification: 'blocking' | 'busy-poll' | 'readiness' | 'signal' | 'completion';
  /** The kernel that introduced it, for people; whether it runs here is decided by the probe. */
  readonly linuxMin: string;
  /** The most connections that the mechanism itself can hold; null: only the host's limits. */
  readonly connectionsMax: number | null;
  /** Tasks that do the work: they bound how many CPUs the server can use at once. `workers`: one per server CPU. */
  readonly tasks: 'one' | 'one-and-kernel-thread' | 'per-connection' | 'workers';
  /** It burns CPU while it waits, so a busy CPU does not prove that the server was the limit. */
  readonly spins: boolean;
  /** The kernel may run threads of its own for it: iou-sqp, iou-wrk. */
  readonly kernelThreads: boolean;
  /** System calls that libc makes for it, which the server cannot see; its file's header says why. */
  readonly uncounted: readonly string[];
}

/** What most rows are. */
const DEFAULTS = {
  domain: 'socket',
  profile: 'default',
  options: [],
  libs: [],
  connectionsMax: null,
  tasks: 'one',
  spins: false,
  kernelThreads: false,
  uncounted: [],
} as const satisfies Partial<ModelSpec>;

/** A row as it is written: what is not said is as in most rows. */
export type ModelRow = Omit<ModelSpec, keyof typeof DEFAULTS> & Partial<ModelSpec>;

/** The whole of a row. */
export function modelSpec(row: ModelRow): ModelSpec {
  return { ...DEFAULTS, ...row };
}
