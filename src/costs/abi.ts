/**
 * The TypeScript side of the wire to the costs; its twin is `c-helpers/costlib/abi.h`. Struct members are listed in
 * the order of the C header.
 */
export const COSTS_ABI_VERSION = 1;
export const COSTS_ID_BYTES = 48;
export const COSTS_TEXT_BYTES = 240;
export const COSTS_SAMPLES_MAX = 128;

/** `enum costs_status` of `abi.h`, in its order. */
export const COSTS_STATUS = ['measured', 'unsupported', 'failed', 'overdue', 'stuck'] as const;

/** `sizeof` of the structs in C, asserted there too; compared through koffi when the library is loaded. */
export const COSTS_STRUCT_BYTES = {
  about: 4 * 4 + 3 * COSTS_ID_BYTES + 2 * COSTS_TEXT_BYTES,
  request: 8 * 4 + 3 * 8,
  report: 4 * 4 + 4 * 8 + COSTS_SAMPLES_MAX * 8 + COSTS_TEXT_BYTES,
  clock: 2 * 4 + 4 * 8,
} as const;
