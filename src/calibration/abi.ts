/**
 * The TypeScript side of the wire to the calibration; its twin is `c-helpers/calibration/abi.h`.
 * Struct members are listed in the order of the C header.
 */
export const CALIBRATION_ABI_VERSION = 1;
export const CALIBRATION_MESSAGE_BYTES = 128;

/** `sizeof` of the structs in C, asserted there too; compared through koffi when the library is loaded. */
export const CALIBRATION_STRUCT_BYTES = {
  config: 4 * 4 + 2 * 8,
  report: 4 * 4 + 3 * 8 + CALIBRATION_MESSAGE_BYTES,
} as const;
