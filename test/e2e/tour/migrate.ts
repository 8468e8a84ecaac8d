// #region migrate
import { migratePostgres } from 'nestjs-jobs';

/** A step of a deploy, before an application with `migrate: false` starts. */
export async function migrate(connection: string, schema: string): Promise<void> {
  await migratePostgres(connection, { schema }); // default 'jobs'; does nothing when all is there
}
// #endregion migrate
