import { DEFAULTS, type JobsConnection, type JobsModuleOptions } from '../options/index.js';
import { isPostgresConnection } from './postgres/postgres-settings.js';
import { isRedisConnection } from './redis/redis-settings.js';
import { isSqliteConnection } from './sqlite/sqlite-settings.js';

/** Options of `forRoot()` that some stores alone know. */
type StoreOption = 'prefix' | 'schema' | 'migrate' | 'directConnection';

interface Store {
  readonly title: string;
  readonly isMeantBy: (connection: JobsConnection) => boolean;
  /** The options that it does not know, each with what to do instead. */
  readonly foreign: Partial<Record<StoreOption, string>>;
}

const NO_POOLER =
  'it is the way around a transaction pooler that stands before PostgreSQL: leave it out';

const STORES: readonly Store[] = [
  {
    title: 'Redis',
    isMeantBy: isRedisConnection,
    foreign: {
      schema: 'use "prefix", which every key starts with',
      migrate: 'it has no tables to make, so leave it out',
      directConnection: NO_POOLER,
    },
  },
  {
    title: 'PostgreSQL',
    isMeantBy: isPostgresConnection,
    foreign: { prefix: 'use "schema", which holds the tables' },
  },
  {
    title: 'SQLite',
    isMeantBy: isSqliteConnection,
    foreign: {
      schema: 'use "prefix", which separates the applications that share a file',
      migrate: 'a file is always made ready, so leave it out',
      directConnection: NO_POOLER,
    },
  },
];

/**
 * The options that the store which `connection` means does not know: in silence they would be
 * without effect.
 * @returns one line for each fault, as {@link resolveOptions} reports them; none where it is not
 *   known which store it is
 * @internal
 */
export function foreignOptions(given: JobsModuleOptions): string[] {
  const connection = given.connection ?? DEFAULTS.connection;
  const store = STORES.find(({ isMeantBy }) => isMeantBy(connection));
  if (store === undefined) return [];
  return (
    Object.entries(store.foreign)
      // What is null is a fault by itself already.
      .filter(([option]) => (given[option as StoreOption] ?? undefined) !== undefined)
      .map(
        ([option, instead]) =>
          `JobsModule.forRoot(): "${option}" is not for ${store.title}, where jobs are stored: ${instead}`,
      )
  );
}
