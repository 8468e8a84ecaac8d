import { hostname } from 'node:os';

/**
 * Whether a process that wrote its number into the file can still run. Containers can share a file:
 * the process numbers of another host say nothing here, and such a process counts as alive.
 */
export function mayBeAlive(host: string, pid: number): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
