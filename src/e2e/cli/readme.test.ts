import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runCli } from './cli.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
/** Options of README that are those of other programs. */
const OF_DOCKER = ['--rm', '--security-opt'];

async function helpOf(command: string): Promise<string> {
  const { stdout } = await runCli([...command.split(' ').filter((word) => word !== ''), '--help'], {
    cwd: ROOT,
  });
  return stdout;
}

/** What stands first in the lines of a section of a help text. */
function entriesOf(help: string, section: 'Commands' | 'Options', entry: RegExp): string[] {
  const lines = help.split(`\n${section}:\n`)[1]?.split('\n\n')[0]?.split('\n') ?? [];
  return lines.flatMap((line) => entry.exec(line)?.[1] ?? []);
}

test('README and --help know the same commands and options', async () => {
  const subcommands = (help: string) =>
    entriesOf(help, 'Commands', /^ {2}([a-z]+)/).filter((name) => name !== 'help');
  const commands = subcommands(await helpOf(''));
  const listed = README.split('```text\n')[1]?.split('```')[0] ?? '';
  expect([...listed.matchAll(/^iomodels-bench (\w+)/gm)].map((match) => match[1]).sort()).toEqual(
    commands.toSorted(),
  );

  const options = new Set<string>();
  for (const command of commands) {
    const help = await helpOf(command);
    const helps = [help, ...(await Promise.all(subcommands(help).map((sub) => helpOf(`${command} ${sub}`))))];
    const own = helps.flatMap((text) => entriesOf(text, 'Options', /^ {2}(?:-\w, )?(--[a-z-]+)/));
    // Those of serve are only for those who ask it.
    const missing = own.filter((option) => !README.includes(option) && command !== 'serve');
    expect(missing, command).toEqual([]);
    for (const option of own) options.add(option);
  }
  const named = new Set(README.match(/(?<![\w-])--[a-z][a-z-]*/g));
  expect([...named].filter((option) => !options.has(option) && !OF_DOCKER.includes(option))).toEqual([]);
});
