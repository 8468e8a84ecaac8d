import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file so that readers see all of it or none: into a temporary name first, then renamed,
 * which the file system does atomically.
 *
 * A job can run twice (its worker may die after the work, before this was recorded). With a name
 * that is derived from the job or its subject, the second run replaces the file by an equal one;
 * with a random name it would leave two.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
