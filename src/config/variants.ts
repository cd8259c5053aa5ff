import type { Entry, Variant } from '../results/schema.ts';
import { commandWords } from './command-words.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;

/** `--variant 'name=<command prefix>'`, each in its turn; what is wrong with them goes to `problems`. */
export function parseVariants(texts: readonly string[], problems: string[]): Variant[] {
  const variants = texts.flatMap((text) => parseVariant(text, problems));
  for (const [place, { name }] of variants.entries())
    if (variants.findIndex((other) => other.name === name) !== place)
      problems.push(`--variant ${name}: the name is there twice; every variant needs one of its own`);
  return variants;
}

function parseVariant(text: string, problems: string[]): Variant[] {
  const at = text.indexOf('=');
  if (at < 0) {
    problems.push(
      `--variant ${text}: write name=command, such as 'numa=numactl --membind=0'; name= is no command`,
    );
    return [];
  }
  const name = text.slice(0, at).trim();
  if (!NAME.test(name)) {
    problems.push(
      `--variant ${text}: ${JSON.stringify(name)} cannot name a variant: up to 32 letters, digits, '.', '_' and '-', the first a letter or a digit`,
    );
    return [];
  }
  const read = commandWords(text.slice(at + 1));
  if ('problem' in read) {
    problems.push(`--variant ${text}: ${read.problem}`);
    return [];
  }
  const prefix = [...read.words];
  if (prefix[0] === '') {
    problems.push(`--variant ${text}: the command is an empty word; ${name}= is the server as it is`);
    return [];
  }
  return [{ name, prefix }];
}

/** A command prefix as `commandWords` reads it back; what stands before the server as it is, is nothing. */
export function commandText(prefix: readonly string[]): string {
  return prefix
    .map((word) => (/^(?:[\w@%+=:,./-]|\{port\})+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/** Each variant of these rows once, as a line says it: `plain: as it is`, `numa: numactl --membind=0`. */
export function variantTexts(entries: readonly Entry[]): string[] {
  const variants = new Map(entries.flatMap(({ variant }) => (variant ? [[variant.name, variant]] : [])));
  return [...variants.values()].map(({ name, prefix }) => `${name}: ${commandText(prefix) || 'as it is'}`);
}
