/** Adds up one value per item. */
export function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

/** Null instead of a division by zero. */
export function per(amount: number, units: number): number | null {
  return units > 0 ? amount / units : null;
}

/** Adds up records, name by name. */
export function addUp(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const record of records) {
    for (const [name, count] of Object.entries(record)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
