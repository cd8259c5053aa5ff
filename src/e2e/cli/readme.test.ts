import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { askCli } from './cli.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
/** Every page for users: options may be described in any of them. */
const DOCS = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => join('docs', name))]
  .map((name) => readFileSync(join(ROOT, name), 'utf8'))
  .join('\n');
const README_LINES_MAX = 150;
/** Options in the pages that are those of other programs: docker, bencher. */
const OF_OTHERS = ['--rm', '--security-opt', '--name', '--units', '--build', '--target', '--host'];
/** Names that options had before: they are documented, and --help does not show them. */
const OLD_NAMES = ['--baseline', '--out'];

async function helpOf(command: string): Promise<string> {
  const { stdout } = await askCli([...command.split(' ').filter((word) => word !== ''), '--help'], {
    cwd: ROOT,
  });
  return stdout;
}

/** What stands first in the lines of a section of a help text. */
function entriesOf(help: string, section: 'Commands' | 'Options', entry: RegExp): string[] {
  const lines = help.split(`\n${section}:\n`)[1]?.split('\n\n')[0]?.split('\n') ?? [];
  return lines.flatMap((line) => entry.exec(line)?.[1] ?? []);
}

test('README is short enough to be read', () => {
  expect(README.split('\n').length).toBeLessThanOrEqual(README_LINES_MAX);
});

test('docs and --help know the same commands and options', async () => {
  const subcommands = (help: string) =>
    entriesOf(help, 'Commands', /^ {2}([a-z]+)/).filter((name) => name !== 'help');
  const commands = subcommands(await helpOf(''));
  const commandsPage = readFileSync(join(ROOT, 'docs/commands.md'), 'utf8');
  const listed = (commandsPage.split('```text\n')[1]?.split('```')[0] ?? '').matchAll(
    /^iomodels-bench (\w+)/gm,
  );
  expect([...listed].map((match) => match[1]).sort()).toEqual(commands.toSorted());

  const options = new Set(entriesOf(await helpOf(''), 'Options', /^ {2}(?:-\w, )?(--[a-z-]+)/));
  for (const command of commands) {
    const help = await helpOf(command);
    const helps = [help, ...(await Promise.all(subcommands(help).map((sub) => helpOf(`${command} ${sub}`))))];
    const own = helps.flatMap((text) => entriesOf(text, 'Options', /^ {2}(?:-\w, )?(--[a-z-]+)/));
    const section = commandsPage.split(`\n## ${command}\n`)[1]?.split('\n## ')[0] ?? '';
    const missing = own.filter((option) => option !== '--help' && !section.includes(option));
    expect(missing, command).toEqual([]);
    for (const option of own) options.add(option);
  }
  const named = new Set(DOCS.match(/(?<![\w-])--[a-z][a-z-]*/g));
  expect(
    [...named].filter((option) => !options.has(option) && ![...OF_OTHERS, ...OLD_NAMES].includes(option)),
  ).toEqual([]);
});
