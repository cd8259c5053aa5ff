import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCompiler } from '../../build/compiler.ts';
import { HELPERS_DIR } from '../../build/package.ts';
import { TOOLCHAINS } from './toolchains.ts';

const HEADER = join(HELPERS_DIR, 'wire', 'uapi.h');
/** Headers that have all that is compared: LINUX_VERSION_CODE of 6.1. */
const HEADERS_MIN = (6 << 16) + (1 << 8);
const SYSTEM = [
  'aio_abi',
  'futex',
  'inet_diag',
  'io_uring',
  'netlink',
  'perf_event',
  'rtnetlink',
  'sock_diag',
  'time_types',
];
/** Names of ours for bytes that have other names, or several, in the kernel's header. */
const OURS_ALONE = /^(padding|other_bits)$/;
/** Their kernel may be newer and the structure longer: it is told the size that we have. */
const GROWING = ['perf_event_attr'];

const text = readFileSync(HEADER, 'utf8').replaceAll(/\/\*.*?\*\//gs, '');
const syscalls = namesOf(/^#define (SYS_\w+)/gm);
const constants = [
  ...namesOf(/^#define ((?!SYS_|IOMB_)\w+) /gm),
  ...namesOf(/^\t([A-Z]\w+) = \d+,[ \t]*$/gm),
];
const structs = [...text.matchAll(/^struct (\w+) \{$(.*?)^\};/gms)].map(([, name = '', body = '']) => ({
  name,
  members: membersOf(body),
}));

function namesOf(pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}

/** Names before a ";" or "[": of unions those within; bit-fields are compared as bytes. */
function membersOf(body: string): string[] {
  const names = body.split(';').flatMap((declaration) => {
    if (/:/.test(declaration)) return [];
    const name = /(\w+)(\[\w*\])?\s*$/.exec(declaration)?.[1];
    return name === undefined || /\}\s*$/.test(declaration) ? [] : [name];
  });
  // Bytes of one value may be declared twice, for either byte order.
  return [...new Set(names)].filter((name) => !OURS_ALONE.test(name));
}

/** A program that says of every name in the header what it is, by that header or by the system's own. */
function program(): string {
  const lines = [
    '#include <stddef.h>',
    '#include <stdio.h>',
    '#ifdef OURS',
    `#include "${HEADER}"`,
    '#else',
    '#include <sys/syscall.h>',
    ...SYSTEM.map((name) => `#include <linux/${name}.h>`),
    '#endif',
    'int main(void) {',
    ...[...constants, ...syscalls].map((name) => `printf("${name} %llu\\n", (unsigned long long)(${name}));`),
    'printf("aio_context_t %zu\\n", sizeof(aio_context_t));',
    ...structs.flatMap(({ name, members }) => [
      ...(GROWING.includes(name) ? [] : [`printf("struct ${name} %zu\\n", sizeof(struct ${name}));`]),
      ...members.map((member) => {
        const place = `offsetof(struct ${name}, ${member})`;
        // A flexible array has no size.
        const size = member === 'ops' ? '(size_t)0' : `sizeof(((struct ${name} *)0)->${member})`;
        return `printf("${name}.${member} %zu %zu\\n", ${place}, ${size});`;
      }),
    ]),
    ...['disabled', 'inherit', 'exclude_user', 'exclude_kernel'].flatMap((bit) => [
      `{ struct perf_event_attr attr = {.${bit} = 1};`,
      'for (size_t i = 0; i < 112; i++)',
      `if (((unsigned char *)&attr)[i]) printf("${bit} %zu %u\\n", i, ((unsigned char *)&attr)[i]); }`,
    ]),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

test('the header has what is compared, or the comparison says nothing', () => {
  expect(constants).toEqual(
    expect.arrayContaining([
      'IORING_OP_SEND',
      'IORING_SETUP_DEFER_TASKRUN',
      'FUTEX_WAIT_PRIVATE',
      'IOCB_CMD_POLL',
    ]),
  );
  expect(syscalls).toEqual(
    expect.arrayContaining(['SYS_io_uring_setup', 'SYS_pidfd_open', 'SYS_close_range']),
  );
  const sqe = structs.find(({ name }) => name === 'io_uring_sqe');
  expect(sqe?.members).toEqual(
    expect.arrayContaining(['opcode', 'msg_flags', 'accept_flags', 'user_data', 'addr3']),
  );
  expect(structs.find(({ name }) => name === 'iocb')?.members).toContain('aio_key');
  expect(structs.length).toBe(text.match(/^struct \w+ \{/gm)?.length);
});

test('no helper includes a header of the kernel', async () => {
  const folders = ['server', 'models', 'wire', 'load', 'observer', 'loadlib', 'agent', 'calibration'];
  const { stdout } = await execa('grep', ['-rlE', '#include <(linux|asm)/', ...folders], {
    cwd: HELPERS_DIR,
    reject: false,
  });
  expect(stdout).toBe('');
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomb-uapi-'));
  writeFileSync(join(folder, 'uapi.c'), program());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const host = { title: 'this machine', cc: (await findCompiler()).words, under: [], missing: null };
const arm64 = TOOLCHAINS.filter(({ title }) => title.startsWith('arm64'));

describe.each([host, ...arm64].map((target) => [target.title, target] as const))('%s', (title, target) => {
  const { cc, under, missing } = target;
  const build = async (name: string, flags: readonly string[]) => {
    const path = join(folder, `${name}-${title.replaceAll(/\W+/g, '-')}`);
    const [compiler, ...args] = cc;
    await execa(compiler, [
      ...args,
      '-std=gnu11',
      '-D_GNU_SOURCE',
      ...flags,
      '-o',
      path,
      join(folder, 'uapi.c'),
    ]);
    const [command = path, ...rest] = [...under, path];
    return (await execa(command, rest)).stdout.split('\n');
  };
  const headersVersion = async () => {
    const [compiler, ...args] = cc;
    const { stdout } = await execa(compiler, [...args, '-E', '-dM', '-x', 'c', '-'], {
      input: '#if __has_include(<linux/version.h>)\n#include <linux/version.h>\n#endif\n',
    });
    return Number(/LINUX_VERSION_CODE (\d+)/.exec(stdout)?.[1] ?? 0);
  };

  test('has the same sizes, offsets and numbers in its own headers', async ({ skip }) => {
    if (missing !== null) skip(missing);
    if ((await headersVersion()) < HEADERS_MIN) skip('the kernel headers are older than 6.1');
    const [ours, system] = [await build('ours', ['-DOURS']), await build('system', [])];
    expect(ours).toEqual(system);
    expect(ours.length).toBeGreaterThan(constants.length + structs.length);
  });

  test('has the same numbers of system calls where its headers know them', async ({ skip }) => {
    if (missing !== null) skip(missing);
    if ((await headersVersion()) < HEADERS_MIN) skip('the kernel headers are older than 6.1');
    // The header takes the system's number first, so here its own is read.
    const written = syscalls.map((name) => `${name} ${new RegExp(`#define ${name} (\\d+)`).exec(text)?.[1]}`);
    expect(await build('numbers', [])).toEqual(expect.arrayContaining(written));
  });
});
