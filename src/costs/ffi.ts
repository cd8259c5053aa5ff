import koffi from 'koffi';
import type { FileLocks } from '../host/cpu-lock.ts';
import { EnvironmentError, messageOf } from '../util/errors.ts';
import {
  COSTS_ABI_VERSION,
  COSTS_ID_BYTES,
  COSTS_SAMPLES_MAX,
  COSTS_STATUS,
  COSTS_STRUCT_BYTES,
  COSTS_TEXT_BYTES,
} from './abi.ts';
import type { ClockReading, CostInfo, CostRequest, CostSamples, CostsBench } from './bench.ts';

interface RawAbout {
  descriptors: number;
  takes_two: number;
  id: string;
  group: string;
  unit: string;
  title: string;
  measures: string;
}

interface RawReport {
  status: number;
  samples: number;
  turns: number | bigint;
  per_turn: number | bigint;
  loop_ns: number;
  clock_ns: number;
  ns: ArrayLike<number>;
  reason: string;
}

interface RawClock {
  has_tsc: number;
  step_ns: number | bigint;
  now_ns: number | bigint;
  tsc: number | bigint;
  read_ns: number;
}

/** The struct types, registered with koffi once per process. */
const types = {
  about: koffi.struct({
    abi_version: 'uint32_t',
    descriptors: 'uint32_t',
    takes_two: 'uint32_t',
    reserved: 'uint32_t',
    id: koffi.array('char', COSTS_ID_BYTES, 'String'),
    group: koffi.array('char', COSTS_ID_BYTES, 'String'),
    unit: koffi.array('char', COSTS_ID_BYTES, 'String'),
    title: koffi.array('char', COSTS_TEXT_BYTES, 'String'),
    measures: koffi.array('char', COSTS_TEXT_BYTES, 'String'),
  }),
  request: koffi.struct({
    abi_version: 'uint32_t',
    index: 'uint32_t',
    cpu: 'int32_t',
    other_cpu: 'int32_t',
    turns: 'uint32_t',
    batches_min: 'uint32_t',
    batches_max: 'uint32_t',
    reserved: 'uint32_t',
    batch_ns: 'uint64_t',
    budget_ns: 'uint64_t',
    deadline_ns: 'uint64_t',
  }),
  report: koffi.struct({
    abi_version: 'uint32_t',
    status: 'int32_t',
    samples: 'uint32_t',
    reserved: 'uint32_t',
    turns: 'uint64_t',
    per_turn: 'uint64_t',
    loop_ns: 'double',
    clock_ns: 'double',
    ns: koffi.array('double', COSTS_SAMPLES_MAX),
    reason: koffi.array('char', COSTS_TEXT_BYTES, 'String'),
  }),
  clock: koffi.struct({
    abi_version: 'uint32_t',
    has_tsc: 'uint32_t',
    step_ns: 'uint64_t',
    now_ns: 'uint64_t',
    tsc: 'uint64_t',
    read_ns: 'double',
  }),
};

/** Loads the costs. Throws `EnvironmentError` if they cannot be loaded or do not match. */
export function costsBench(libraryPath: string): CostsBench {
  const fns = bind(libraryPath);
  return {
    costs: Array.from({ length: Number(fns.count()) }, (_, index) => describe(fns, index)),
    clock: () => readClock(fns),
    measure: (request) =>
      new Promise((resolve, reject) => {
        const raw = {} as RawReport;
        fns.measure.async(toRaw(request), raw, (error: unknown) => {
          if (error) reject(error instanceof Error ? error : new Error(String(error)));
          else resolve(samplesOf(raw));
        });
      }),
    stop: () => fns.stop(),
    release: () => fns.release(),
  };
}

/** flock(2), exclusive, without waiting: 0 or an errno; and its release. Throws `EnvironmentError` as `costsBench` does. */
export function costsLocker(libraryPath: string): FileLocks {
  const { tryLock, unlock } = bind(libraryPath);
  return { tryLock: (fd) => Number(tryLock(fd)), unlock: (fd) => void unlock(fd) };
}

function describe(fns: Functions, index: number): CostInfo {
  const raw = {} as RawAbout;
  fns.describe(index, raw);
  const { id, group, unit, title, measures, descriptors } = raw;
  return { index, id, group, unit, title, measures, descriptors, takesTwoCpus: raw.takes_two === 1 };
}

function toRaw(request: CostRequest) {
  return {
    abi_version: COSTS_ABI_VERSION,
    index: request.index,
    cpu: request.cpu ?? -1,
    other_cpu: request.otherCpu ?? -1,
    turns: 0,
    batches_min: request.batchesMin,
    batches_max: Math.min(request.batchesMax, COSTS_SAMPLES_MAX),
    reserved: 0,
    batch_ns: Math.round(request.batchNs),
    budget_ns: Math.round(request.budgetNs),
    deadline_ns: Math.round(request.deadlineNs),
  };
}

function samplesOf(raw: RawReport): CostSamples {
  return {
    status: COSTS_STATUS[raw.status] ?? 'failed',
    reason: raw.reason,
    turns: Number(raw.turns) * Number(raw.per_turn),
    loopNs: raw.loop_ns,
    clockNs: raw.clock_ns,
    ns: Array.from(raw.ns).slice(0, raw.samples),
  };
}

function readClock(fns: Functions): ClockReading {
  const raw = {} as RawClock;
  fns.clock(raw);
  return {
    stepNs: Number(raw.step_ns),
    readNs: raw.read_ns,
    nowNs: BigInt(raw.now_ns),
    tsc: raw.has_tsc === 1 ? BigInt(raw.tsc) : null,
  };
}

function functionsOf(library: ReturnType<typeof koffi.load>) {
  const { about, request, report, clock } = types;
  return {
    version: library.func('costs_abi_version', 'uint32_t', []),
    count: library.func('costs_count', 'uint32_t', []),
    describe: library.func('costs_describe', 'void', ['uint32_t', koffi.out(koffi.pointer(about))]),
    measure: library.func('costs_measure', 'void', [
      koffi.pointer(request),
      koffi.out(koffi.pointer(report)),
    ]),
    stop: library.func('costs_stop', 'void', []),
    release: library.func('costs_release', 'void', []),
    tryLock: library.func('costs_try_lock', 'int32_t', ['int32_t']),
    unlock: library.func('costs_unlock', 'void', ['int32_t']),
    clock: library.func('costs_read_clock', 'void', [koffi.out(koffi.pointer(clock))]),
  };
}

type Functions = ReturnType<typeof functionsOf>;

function bind(libraryPath: string): Functions {
  try {
    const fns = functionsOf(koffi.load(libraryPath));
    const version = Number(fns.version());
    const names = ['about', 'request', 'report', 'clock'] as const;
    const sizes = names.map((name) => koffi.sizeof(types[name]));
    const expected = names.map((name) => COSTS_STRUCT_BYTES[name]);
    if (version !== COSTS_ABI_VERSION || `${sizes}` !== `${expected}`)
      throw new Error(
        `ABI ${version} and structs of ${sizes} bytes, expected ${COSTS_ABI_VERSION} and ${expected}`,
      );
    return fns;
  } catch (cause) {
    throw new EnvironmentError(`cannot load the costs ${libraryPath}: ${messageOf(cause)}`, { cause });
  }
}
