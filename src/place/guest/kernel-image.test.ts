import { expect, test } from 'vitest';
import { kernelImage } from '../../fixtures/kernel.ts';
import { KernelImageError, packageOf, parseKernelImage, seriesOf } from './kernel-image.ts';

const parse = (head: Buffer, fileBytes = head.length) => parseKernelImage(head, { path: '/k', fileBytes });

/** An image with some of its bytes changed. */
function changed(change: (image: Buffer) => void): Buffer {
  const image = kernelImage();
  change(image);
  return image;
}

function elf(machine: number): Buffer {
  const head = Buffer.alloc(2048);
  head.writeUInt32BE(0x7f454c46, 0);
  head.writeUInt16LE(machine, 18);
  return head;
}

test('an image tells its release and its version line', () => {
  expect(parse(kernelImage())).toEqual({
    release: '6.12.1-test',
    version: '6.12.1-test (a@b) #1 SMP Debian 6.12.1-1 (2025-01-01)',
  });
});
test('what a signature or a padding adds to an image is no harm', () => {
  expect(parse(kernelImage(), kernelImage().length + 1472).release).toBe('6.12.1-test');
  expect(parse(kernelImage(), kernelImage().length - 15).release).toBe('6.12.1-test');
});

test.each([
  [
    'an image that lacks its end',
    kernelImage().subarray(0, -16),
    'truncated-image',
    /2672 of the 2688 bytes/,
  ],
  ['an empty file', Buffer.alloc(0), 'truncated-image', /is empty/],
  ['a few bytes', Buffer.from('vmlinuz'), 'not-an-image', /only 7 bytes/],
  ['a text', Buffer.alloc(4096, 'text '), 'not-an-image', /not the header of a bzImage/],
  ['zeros', Buffer.alloc(4096), 'not-an-image', /not the header of a bzImage/],
  [
    'an image without a version',
    changed((image) => image.fill(0, 0x400, 0x500)),
    'not-an-image',
    /no kernel release/,
  ],
  ['a 32-bit kernel', changed((image) => image.writeUInt16LE(0, 0x236)), 'wrong-architecture', /32-bit x86/],
  ['vmlinux', elf(62), 'not-an-image', /ELF file, such as vmlinux .*bzImage/],
  ['a vmlinux of 64-bit Arm', elf(183), 'wrong-architecture', /is of 64-bit Arm/],
  ['one of a machine unheard of', elf(9999), 'wrong-architecture', /ELF machine 9999/],
  [
    'an Image of 64-bit Arm',
    changed((image) => void image.write('ARMd', 0x38, 'latin1')),
    'wrong-architecture',
    /64-bit Arm/,
  ],
  [
    'an Image of RISC-V',
    changed((image) => void image.write('RSC\x05', 0x38, 'latin1')),
    'wrong-architecture',
    /RISC-V/,
  ],
  ['an Image.gz', Buffer.from('1f8b0800', 'hex'), 'wrong-architecture', /gzip/],
] as const)('%s is refused', (_what, image, problem, message) => {
  let error: unknown;
  try {
    parse(image);
  } catch (thrown) {
    error = thrown;
  }
  if (!(error instanceof KernelImageError)) throw new Error(`not refused: ${String(error)}`);
  expect(error.problem).toBe(problem);
  expect(error.message).toMatch(message);
});

test.each([
  ['6.12.117+deb13-cloud-amd64', '6.12'],
  ['7.3.0-rc2', '7.3'],
  ['6.1', '6.1'],
])('%s is of series %s', (release, series) => {
  expect(seriesOf(release)).toBe(series);
});

test.each([
  ['6.1.0-50-cloud-amd64 (d@d) #1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)', 'Debian 6.1.176-1'],
  ['6.8.0-45-generic (buildd@b) #45-Ubuntu SMP PREEMPT_DYNAMIC Fri', 'Ubuntu 6.8.0-45'],
  ['6.13.0-rc1 (me@here) #3 SMP', null],
])('the package of %j is %s', (version, name) => {
  expect(packageOf(version)).toBe(name);
});
