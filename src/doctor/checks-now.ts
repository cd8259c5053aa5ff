import { CONTAMINATION_LIMITS } from '../observe/contamination.ts';
import type { Facts } from './facts.ts';
import type { Answer } from './finding.ts';
import { counted, listed, percent, plural } from './text.ts';

/** From these on, a host is too busy to measure on. */
const PRESSURE_SHARE_MAX = 0.1;
const LOAD_PER_CPU_MAX = 0.5;

export function quiet({ stealShare, cpuPressureShare, loadAverage, environment }: Facts): Answer {
  const value = [
    `steal ${stealShare === null ? 'unknown' : percent(stealShare)}`,
    `CPU pressure ${cpuPressureShare === null ? 'unknown' : percent(cpuPressureShare)}`,
    `load ${loadAverage === null ? 'unknown' : counted(loadAverage)} on ${plural(environment.cpus, 'CPU')}`,
  ].join(', ');
  const signs = [
    (stealShare ?? 0) >= CONTAMINATION_LIMITS.steal ? 'the hypervisor takes CPU time' : '',
    (cpuPressureShare ?? 0) >= PRESSURE_SHARE_MAX ? 'tasks wait for a CPU' : '',
    (loadAverage ?? 0) > environment.cpus * LOAD_PER_CPU_MAX ? 'other programs are running' : '',
  ].filter((sign) => sign !== '');
  if (stealShare === null && cpuPressureShare === null && loadAverage === null)
    return { status: 'info', value, meaning: 'what else runs cannot be told', fix: null };
  if (signs.length === 0)
    return { status: 'ok', value, meaning: 'little else runs at this moment', fix: null };
  return {
    status: 'warning',
    value,
    meaning: `${listed(signs, '')}: more blocks are needed for the same precision, and tail latencies are not the models' own`,
    fix: 'iomodels-bench run --precision 2% --max-time 10m',
  };
}

/** Reading a vDSO clock through Node takes well under this; a system call on top of it takes more. */
const TIMER_NS_MAX = 1000;

export function timer({ timer: cost }: Facts): Answer {
  const value = `${counted(cost.p50Ns)} ns a reading (p99 ${counted(cost.p99Ns)} ns), steps of ${counted(cost.stepNs)} ns`;
  if (cost.p50Ns <= TIMER_NS_MAX)
    return {
      status: 'ok',
      value,
      meaning:
        "process.hrtime.bigint; fine against a request's microseconds, and the load generator reads its clock in C",
      fix: null,
    };
  return {
    status: 'warning',
    value,
    meaning: 'readings this slow go through a system call; see the clock source',
    fix: null,
  };
}

const FFI_NS_MAX = 2000;

export function ffi({ helpers }: Facts): Answer {
  if (helpers.status === 'failed')
    return { status: 'problem', value: 'not measured', meaning: helpers.reason, fix: null };
  const cost = helpers.ffi;
  return {
    status: cost.p50Ns <= FFI_NS_MAX ? 'ok' : 'info',
    value: `${counted(cost.p50Ns)} ns a call (p99 ${counted(cost.p99Ns)} ns)`,
    meaning: 'a trial makes one such call and progress a few: none of it is inside a measured request',
    fix: null,
  };
}
