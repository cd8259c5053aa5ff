/** The arguments that make strace start a program, count its calls in all threads, and write a table. */
export function straceArgs(outputFile: string, program: string, args: readonly string[]): string[] {
  return ['-f', '-c', '-o', outputFile, '--', program, ...args];
}

/**
 * The calls column of `strace -c`, by name. Columns are `% time, seconds, usecs/call, calls, errors,
 * syscall`, where errors may be blank. Throws if the text holds no such table.
 */
export function parseStraceSummary(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+([a-z_]\w*)\s*$/.exec(line);
    const [, calls, name] = match ?? [];
    if (calls !== undefined && name !== undefined && name !== 'total') counts[name] = Number(calls);
  }
  if (Object.keys(counts).length === 0)
    throw new Error(`strace wrote no table of calls: ${text.trim().slice(0, 200) || 'nothing at all'}`);
  return counts;
}
