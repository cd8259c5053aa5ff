import type { Host } from './host.ts';

/** A host made of the text of its files; directories are those of the paths. */
export function fakeHost(files: Readonly<Record<string, string>>, change: Partial<Host> = {}): Host {
  return {
    readText: (path) => files[path] ?? null,
    listNames: (directory) => {
      const below = Object.keys(files).filter((path) => path.startsWith(`${directory}/`));
      return [...new Set(below.map((path) => path.slice(directory.length + 1).split('/')[0] ?? ''))].sort();
    },
    arch: 'x64',
    uid: 1000,
    givenName: null,
    versions: { node: '20.0.0', glibc: '2.36' },
    ...change,
  };
}
