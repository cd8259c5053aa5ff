import { parse } from 'shell-quote';

/** A command's words, or why it is none. */
export type CommandWords = { readonly words: readonly string[] } | { readonly problem: string };

/** What is quoted, what is escaped, and what stands for itself; what is left over is a quote that is not closed. */
const WHOLE = /'[^']*'|"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|[^'"\\]/g;

/**
 * The words of a command, as a shell parts them: at blanks, with quotes around what belongs together. No shell runs it, so
 * what only a shell can do (`|`, `>`, `$NAME`, `*`) is refused instead of handed on as if it meant nothing.
 */
export function commandWords(text: string): CommandWords {
  if (text.replaceAll(WHOLE, '') !== '') return { problem: 'a quote is not closed' };
  const words: string[] = [];
  for (const part of parse(text, (name) => ({ op: `$${name}` }))) {
    const sign = typeof part === 'string' ? null : 'op' in part ? signOf(part) : '#';
    if (sign !== null)
      return {
        problem: `no shell is started, and ${sign} needs one: put it in single quotes, or write sh -c '...' around all of it, with exec before the server`,
      };
    words.push(String(part));
  }
  return { words };
}

function signOf(part: { readonly op: string; readonly pattern?: string }): string {
  return part.op === 'glob' ? (part.pattern ?? '*') : part.op;
}
