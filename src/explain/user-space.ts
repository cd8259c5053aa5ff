/** What of a guest's program is below, and of its kernel above: the canonical halves of x86-64. */
export const USER_SPACE_END = 1n << 47n;

/**
 * Where the agent's text begins: it is linked to it (`src/build/guest-programs.ts`), so that its addresses are not those
 * of the static servers, which the linker puts at 4 MiB.
 */
export const AGENT_TEXT_START = 0x2000_0000n;
const AGENT_TEXT_END = 0x4000_0000n;
/** Above it the kernel maps the vdso; a static program that is not position-independent has its text far below. */
const VDSO_START = 0x7000_0000_0000n;

/** Stand for all functions of a program in user space: their symbols are not asked for. */
export const USER_FUNCTIONS = {
  server: '[server]',
  agent: '[load generator]',
  vdso: '[vdso]',
  program: '[user space]',
} as const;

export type UserFunction = (typeof USER_FUNCTIONS)[keyof typeof USER_FUNCTIONS];

const ALL: readonly string[] = Object.values(USER_FUNCTIONS);

export function isUserFunction(name: string): boolean {
  return ALL.includes(name);
}

/**
 * Whose code an address below `USER_SPACE_END` is.
 * @param apart whether the agent is linked at `AGENT_TEXT_START`; else it and the server cannot be told apart.
 */
export function userFunctionAt(address: bigint, apart: boolean): UserFunction {
  if (address >= VDSO_START) return USER_FUNCTIONS.vdso;
  if (!apart) return USER_FUNCTIONS.program;
  return isAgentText(address) ? USER_FUNCTIONS.agent : USER_FUNCTIONS.server;
}

export function isAgentText(address: bigint): boolean {
  return address >= AGENT_TEXT_START && address < AGENT_TEXT_END;
}
