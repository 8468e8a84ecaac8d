import { describe, expect, it } from 'vitest';
import { NetworkFileSystemError } from '../errors/index.js';
import { expectLocalDisk } from './local-disk.js';

describe('a file of jobs', () => {
  it.each([
    [0x6969, 'NFS'],
    [0xfe534d42, 'SMB2'],
    [0x01021997, '9P'],
  ])('is refused on the file system %i', (type, name) => {
    const check = () => expectLocalDisk('/x/jobs.sqlite', '/x', () => type);
    expect(check).toThrow(NetworkFileSystemError);
    expect(check).toThrow(name);
    expect(check).toThrow('/x/jobs.sqlite');
  });

  it('is taken on a local disk', () => {
    expect(() => expectLocalDisk('/x/jobs.sqlite', '/x', () => 0xef53)).not.toThrow();
    expect(() => expectLocalDisk('jobs.sqlite', '.')).not.toThrow();
  });
});
