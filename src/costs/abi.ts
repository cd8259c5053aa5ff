/**
 * The TypeScript side of the wire to the cost kernels; its twin is `c-helpers/costs/abi.h`.
 * Struct members are listed in the order of the C header.
 */
export const COSTS_ABI_VERSION = 1;
export const COSTS_MESSAGE_BYTES = 128;

/** `sizeof` of the structs in C, asserted there too; compared through koffi when the library is loaded. */
export const COSTS_STRUCT_BYTES = {
  config: 4 * 4 + 2 * 8,
  report: 4 * 4 + 3 * 8 + COSTS_MESSAGE_BYTES,
} as const;
