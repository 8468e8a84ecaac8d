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
 * SQLite's write-ahead log needs shared memory between the processes that use the file, which no network
 * file system gives: https://www.sqlite.org/wal.html#noshm.
 *
 * @throws NetworkFileSystemError
 */
export function expectLocalDisk(
  path: string,
  directory: string,
  typeOf: (directory: string) => number = (place) => statfsSync(place).type,
): void {
  const fileSystem = NETWORK_FILE_SYSTEMS.get(typeOf(directory));
  if (fileSystem !== undefined) throw new NetworkFileSystemError(path, fileSystem);
}
