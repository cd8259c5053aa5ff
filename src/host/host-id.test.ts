import { describe, expect, test } from 'vitest';
import { fakeHost } from '../fixtures/host.ts';
import { readHostId, readPlace } from './host-id.ts';

const MACHINE_ID = '0123456789abcdef0123456789abcdef';

describe('readHostId', () => {
  test('hashes the machine-id, whatever the host is called', () => {
    const id = readHostId(fakeHost({ '/etc/machine-id': `${MACHINE_ID}\n` }));
    expect(id).toMatch(/^[0-9a-f]{12}$/);
    expect(MACHINE_ID).not.toContain(id);
    const renamed = { '/etc/machine-id': MACHINE_ID, '/proc/sys/kernel/hostname': 'other' };
    expect(readHostId(fakeHost(renamed))).toBe(id);
    const other = readHostId(fakeHost({ '/etc/machine-id': MACHINE_ID.replace('0', '1') }));
    expect(other).not.toBe(id);
  });

  test.each([
    { why: 'none', files: {} },
    { why: 'an empty one', files: { '/etc/machine-id': '' } },
    { why: 'one not set up yet', files: { '/etc/machine-id': 'uninitialized\n' } },
  ])('takes the name of a host with $why', ({ files }) => {
    expect(readHostId(fakeHost({ ...files, '/proc/sys/kernel/hostname': 'Box.example\n' }))).toBe(
      'Box.example',
    );
  });

  test.each([
    ['../../etc', 'etc'],
    ['a b/c', 'a-b-c'],
    ['--', null],
  ])('makes of the name %j an id that is no path: %j', (name, id) => {
    expect(readHostId(fakeHost({ '/proc/sys/kernel/hostname': name }))).toBe(id);
  });

  test('takes the name that the host was given before any other', () => {
    const files = { '/etc/machine-id': MACHINE_ID, '/proc/sys/kernel/hostname': 'other' };
    expect(readHostId(fakeHost(files, { givenName: 'ci/large' }))).toBe('ci-large');
  });

  test('says null where there is nothing to tell it by', () => {
    expect(readHostId(fakeHost({}))).toBeNull();
  });
});

test('a place is the host and the kernel that it runs now', () => {
  const files = {
    '/proc/sys/kernel/hostname': 'box\n',
    '/proc/sys/kernel/osrelease': '6.12.1\n',
    '/proc/sys/kernel/version': '#2 SMP\n',
  };
  expect(readPlace(fakeHost(files))).toEqual({ host: 'box', kernel: '6.12.1', kernelVersion: '#2 SMP' });
  expect(readPlace(fakeHost({}))).toEqual({ host: null, kernel: 'unknown', kernelVersion: 'unknown' });
});
