/** What sanitizers report, by the names that `expectedFailures` of a row has for it. */
export const REPORTS = [
  'AddressSanitizer',
  'LeakSanitizer',
  'ThreadSanitizer',
  'ThreadSanitizer: data race',
  'ThreadSanitizer: thread leak',
  'UndefinedBehaviorSanitizer',
] as const;
export type Report = (typeof REPORTS)[number];

/** The reports in what a server said, each once. */
export function reportsIn(said: string): Report[] {
  const found = new Set<Report>();
  for (const [, sanitizer, kind] of said.matchAll(
    /\b(Address|Leak|Thread|UndefinedBehavior)Sanitizer:(?! reported) ?(data race|thread leak)?/g,
  ))
    found.add(`${sanitizer}Sanitizer${kind === undefined ? '' : `: ${kind}`}` as Report);
  if (said.includes('runtime error:')) found.add('UndefinedBehaviorSanitizer');
  return [...found];
}
