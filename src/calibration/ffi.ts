import koffi from 'koffi';
import { EnvironmentError, messageOf } from '../util/errors.ts';
import { NS_PER_MS } from '../util/units.ts';
import { CALIBRATION_ABI_VERSION, CALIBRATION_MESSAGE_BYTES, CALIBRATION_STRUCT_BYTES } from './abi.ts';
import type { CalibrationPlaces, CalibrationReading, Calibrator } from './calibrator.ts';

/**
 * Some hundred samples of each, together 17 ms: short beside the shortest blocks. Three times as long the medians are the
 * same, within 2.5 % over 120 pairs of both.
 * Where others keep the CPU for as long as that, it goes on until it has some samples.
 */
const PERIODS: CalibrationPeriods = { loopNs: 6 * NS_PER_MS, pingNs: 10 * NS_PER_MS };

/** How long loops and pings are sampled. */
export interface CalibrationPeriods {
  readonly loopNs: number;
  readonly pingNs: number;
}

interface RawReport {
  error: number;
  loops: number;
  pings: number;
  spin_ns: number;
  syscall_ns: number;
  ping_ns: number;
  message: string;
}

/** The struct types, registered with koffi once per process. */
const types = {
  config: koffi.struct({
    abi_version: 'uint32_t',
    server_cpu: 'int32_t',
    client_cpu: 'int32_t',
    reserved: 'uint32_t',
    loop_ns: 'uint64_t',
    ping_ns: 'uint64_t',
  }),
  report: koffi.struct({
    abi_version: 'uint32_t',
    error: 'int32_t',
    loops: 'uint32_t',
    pings: 'uint32_t',
    spin_ns: 'double',
    syscall_ns: 'double',
    ping_ns: 'double',
    message: koffi.array('char', CALIBRATION_MESSAGE_BYTES, 'String'),
  }),
};

/** Loads the calibration. Throws `EnvironmentError` if they cannot be loaded or do not match. */
export function calibrator(libraryPath: string, { loopNs, pingNs } = PERIODS): Calibrator {
  const measure = bind(libraryPath);
  return {
    measure: ({ serverCpu, clientCpu }: CalibrationPlaces) =>
      new Promise<CalibrationReading>((resolve, reject) => {
        const config = {
          abi_version: CALIBRATION_ABI_VERSION,
          server_cpu: serverCpu ?? -1,
          client_cpu: clientCpu ?? -1,
          reserved: 0,
          loop_ns: loopNs,
          ping_ns: pingNs,
        };
        const raw = {} as RawReport;
        measure.async(config, raw, (error: unknown) => {
          if (error) reject(error instanceof Error ? error : new Error(String(error)));
          else if (raw.error !== 0) reject(new EnvironmentError(`cannot calibrate: ${raw.message}`));
          else resolve({ spinNs: raw.spin_ns, syscallNs: raw.syscall_ns, pingNs: raw.ping_ns });
        });
      }),
  };
}

function bind(libraryPath: string) {
  try {
    const library = koffi.load(libraryPath);
    const version = Number(library.func('calibration_abi_version', 'uint32_t', [])());
    const sizes = [koffi.sizeof(types.config), koffi.sizeof(types.report)];
    const expected = [CALIBRATION_STRUCT_BYTES.config, CALIBRATION_STRUCT_BYTES.report];
    if (version !== CALIBRATION_ABI_VERSION || `${sizes}` !== `${expected}`)
      throw new Error(
        `ABI ${version} and structs of ${sizes} bytes, expected ${CALIBRATION_ABI_VERSION} and ${expected}`,
      );
    const { config, report } = types;
    return library.func('calibration_measure', 'void', [
      koffi.pointer(config),
      koffi.out(koffi.pointer(report)),
    ]);
  } catch (cause) {
    throw new EnvironmentError(`cannot load the calibration ${libraryPath}: ${messageOf(cause)}`, { cause });
  }
}
