import { MissingDriverError } from '../errors/index.js';

/**
 * Loads an engine's driver, which is an optional peer: an application installs only the one it
 * uses.
 * @param load imports it, e.g. `() => import('pg')`
 * @throws MissingDriverError naming the package to install
 * @internal
 */
export async function importDriver<Driver>(
  engine: string,
  packageName: string,
  load: () => Promise<Driver>,
): Promise<Driver> {
  try {
    return await load();
  } catch (error) {
    // A driver that is there but fails to load for a reason of its own keeps that reason.
    if (!isMissing(error, packageName)) throw error;
    throw new MissingDriverError(engine, packageName, { cause: error });
  }
}

function isMissing(error: unknown, packageName: string): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  const notFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return notFound && error.message.includes(`'${packageName}'`);
}
