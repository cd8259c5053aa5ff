/** Text symbols of a kernel, ascending by address. */
export interface KernelSymbols {
  readonly addresses: readonly bigint[];
  /** Of the function that begins there, by position. */
  readonly names: readonly string[];
}

/** A line of /proc/kallsyms. */
export interface KernelSymbol {
  readonly address: bigint;
  readonly name: string;
}

/** What a kernel has for an address that is in none of its functions, such as code that it made itself. */
export const UNKNOWN_FUNCTION = '[unknown]';

/** Where sections begin and end, and padding before a function: no function has such a name. */
const NO_FUNCTION =
  /^__pfx_|^__cfi_|(^|_)(start|end|begin)$|^_(s|e)(init)?text$|^__(entry|softirqentry|irqentry|sched|lock|cpuidle|kprobes|noinstr|static_call|indirect_thunk)_?text_(start|end)$/;

/** Symbols behind which there is no code until the next one. */
const END_OF_TEXT = /^_e(init)?text$/;

/** What a compiler appends to the name of a function that it cloned or cut in parts. */
const CLONED = /\.(isra|constprop|part|cold|llvm|lto_priv|localalias)(\.\d+)*/g;

/** A function by the name that it has in the source: `tcp_ack.isra.0` and `tcp_ack.cold` are `tcp_ack`. */
export function sourceName(symbol: string): string {
  return symbol.replace(CLONED, '');
}

/**
 * Sorted, and one name for each address: of aliases the one with the fewest underscores before it, then the shortest, then
 * the first by letters, so that two kernels choose alike.
 */
export function kernelSymbols(symbols: Iterable<KernelSymbol>): KernelSymbols {
  const chosen = new Map<bigint, string>();
  for (const { address, name } of symbols) {
    const marksEnd = END_OF_TEXT.test(name);
    if (NO_FUNCTION.test(name) && !marksEnd) continue;
    const candidate = marksEnd ? '' : sourceName(name);
    const before = chosen.get(address);
    if (before === undefined || isBetterName(candidate, before)) chosen.set(address, candidate);
  }
  const sorted = [...chosen].sort(([a], [b]) => (a < b ? -1 : 1));
  return { addresses: sorted.map(([address]) => address), names: sorted.map(([, name]) => name) };
}

/** The text symbols of /proc/kallsyms (`ffffffff81000000 T _text`, a line each), as root reads it. */
export function parseKallsyms(text: string): KernelSymbols {
  return kernelSymbols(linesOf(text));
}

function* linesOf(text: string): Generator<KernelSymbol> {
  for (const [, address, name] of text.matchAll(/^([0-9a-f]{1,16}) [tTwW] (\S+)/gm))
    if (address !== undefined && name !== undefined) yield { address: BigInt(`0x${address}`), name };
}

function isBetterName(candidate: string, before: string): boolean {
  if (before === '' || candidate === '') return before === '';
  const key = (name: string) => /^_*/.exec(name)?.[0].length ?? 0;
  const differences = [key(candidate) - key(before), candidate.length - before.length];
  const first = differences.find((difference) => difference !== 0);
  return first === undefined ? candidate < before : first < 0;
}

/** The function that holds an address, and whether it begins there. */
export function functionAt(
  { addresses, names }: KernelSymbols,
  address: bigint,
): { readonly name: string; readonly begins: boolean } {
  let low = 0;
  let high = addresses.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((addresses[middle] ?? 0n) <= address) low = middle + 1;
    else high = middle;
  }
  const name = names[low - 1];
  if (name === undefined || name === '') return { name: UNKNOWN_FUNCTION, begins: false };
  return { name, begins: addresses[low - 1] === address };
}
