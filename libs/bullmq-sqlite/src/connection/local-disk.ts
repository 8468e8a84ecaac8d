import { statfsSync } from 'node:fs';
import { NetworkFileSystemError } from '../errors/index.js';

/** File system types of Linux's statfs(2) that live on another machine. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x01021997, '9P'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
]);

/**
 * SQLite's write-ahead log needs shared memory between the processes that use the file, which no
 * network file system gives: https://www.sqlite.org/wal.html#noshm. Recognised on Linux, and not
 * behind FUSE.
 *
 * @param place - the file, or the directory that it will be in
 * @throws NetworkFileSystemError
 */
export function expectLocalDisk(
  path: string,
  place: string,
  typeOf: (place: string) => number = (one) => statfsSync(one).type,
): void {
  const fileSystem = NETWORK_FILE_SYSTEMS.get(typeOf(place));
  if (fileSystem !== undefined) throw new NetworkFileSystemError(path, fileSystem);
}
