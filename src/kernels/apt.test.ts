import { describe, expect, test } from 'vitest';
import { complaintOf, mirrorOf, parseLines, parseStanzas } from './apt.ts';

const STANZAS = `# https://snapshot.example/debian
Types: deb
URIs: http://near.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://near.example/debian-security/
Suites: bookworm-security
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`;

describe('the host says from where Debian is fetched', () => {
  test('in stanzas', () => {
    const sources = parseStanzas(STANZAS);
    expect(sources.map(({ uri, components }) => [uri, components])).toEqual([
      ['http://near.example/debian', ['main']],
      ['http://near.example/debian-security/', ['main', 'contrib']],
    ]);
    expect(mirrorOf('sid', sources, true)).toBe('http://near.example/debian');
    expect(mirrorOf('trixie-security', sources, true)).toBe('http://near.example/debian-security/');
  });
  test('in lines', () => {
    const sources = parseLines(`# deb http://off.example/debian bookworm main
deb-src http://sources.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://near.example/debian/ bookworm main # near
deb http://other.example/repo stable main`);
    expect(sources.map(({ uri, components }) => [uri, components])).toEqual([
      ['http://near.example/debian/', ['main']],
      ['http://other.example/repo', ['main']],
    ]);
    expect(mirrorOf('trixie', sources, true)).toBe('http://near.example/debian/');
    expect(mirrorOf('trixie-security', sources, true)).toBe('http://near.example/debian-security');
  });
  test.each([
    [
      'packages for Debian that others sign',
      'deb [signed-by=/k.gpg] https://other.example/debian bookworm main',
    ],
    ['parts of them that Debian has not', 'deb https://other.example/debian bookworm stable'],
    ['another distribution', 'deb http://near.example/ubuntu noble main'],
    ['nothing', ''],
  ])('not by %s: then it is its own address', (_what, line) => {
    expect(mirrorOf('sid', parseLines(line), false)).toMatch(/^http:\/\/[a-z]+\.debian\.org\/debian$/);
    expect(mirrorOf('trixie-security', parseLines(line), true)).toMatch(/^https:.*\/debian-security$/);
  });
});

describe('what apt complains about is told', () => {
  test('without its warnings', () => {
    expect(complaintOf('W: old\nE: Unable to locate package x\nN: see\n')).toBe('Unable to locate package x');
  });
  test.each([
    'E: Write error - write (28: No space left on device)',
    "E: You don't have enough free space in /c/archives/.",
    'dpkg-deb: error: failed to write (No space left on device)',
  ])('%s: the disk is full comes first', (line) => {
    expect(complaintOf(`W: old\n${line}`)).toMatch(/^the disk is full\. Make room, or set XDG_CACHE_HOME/);
  });
});
