/** An entry of an archive, from its top, without a leading slash: `dev/console`. */
export type CpioEntry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | {
      readonly kind: 'character-device';
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFCHR = 0o020000;
const HEADER_BYTES = 110;
const TRAILER = 'TRAILER!!!';
/** Of file contents the archive has eight hexadecimal digits of length. */
const CONTENT_BYTES_MAX = 0xffff_ffff;

/**
 * An archive in cpio's newc format, as the kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format.rst
 * of Linux): everything is root's and of 1970, so that equal entries make equal bytes. A folder stands before
 * what is in it. Throws where an entry cannot be in an archive.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  const folders = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const parent = entry.path.split('/').slice(0, -1).join('/');
    if (!/^[^/\0]+(\/[^/\0]+)*$/.test(entry.path)) throw new Error(`cpio: bad path ${entry.path}`);
    if (parent !== '' && !folders.has(parent))
      throw new Error(`cpio: ${entry.path} stands before its folder`);
    if (entry.kind === 'folder') folders.add(entry.path);
    parts.push(...entryParts(entry, index + 1));
  }
  parts.push(...padded(header(TRAILER, { inode: 0, mode: 0, links: 1, bytes: 0 })));
  return Buffer.concat(parts);
}

function entryParts(entry: CpioEntry, inode: number): Uint8Array[] {
  switch (entry.kind) {
    case 'folder':
      return padded(header(entry.path, { inode, mode: S_IFDIR | (entry.mode ?? 0o755), links: 2, bytes: 0 }));
    case 'file': {
      const { byteLength: bytes } = entry.content;
      if (bytes > CONTENT_BYTES_MAX) throw new Error(`cpio: ${entry.path} is too long`);
      const head = header(entry.path, { inode, mode: S_IFREG | entry.mode, links: 1, bytes });
      return [...padded(head), ...padded(entry.content)];
    }
    case 'character-device': {
      const { major, minor } = entry;
      return padded(
        header(entry.path, { inode, mode: S_IFCHR | entry.mode, links: 1, bytes: 0, major, minor }),
      );
    }
  }
}

interface Header {
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly bytes: number;
  readonly major?: number;
  readonly minor?: number;
}

/** With the name and its end. */
function header(name: string, { inode, mode, links, bytes, major = 0, minor = 0 }: Header): Buffer {
  const nameBytes = Buffer.byteLength(name) + 1;
  const fields = [inode, mode, 0, 0, links, 0, bytes, 0, 0, major, minor, nameBytes, 0];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  if (text.length !== HEADER_BYTES) throw new Error(`cpio: a field of ${name} is too large`);
  return Buffer.from(`${text}${name}\0`);
}

/** To four bytes, as header and contents are. */
function padded(bytes: Uint8Array): Uint8Array[] {
  return [bytes, new Uint8Array(-bytes.byteLength & 3)];
}
