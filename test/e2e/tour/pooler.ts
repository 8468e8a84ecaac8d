// #region pooler
import { JobsModule } from 'nestjs-jobs';

/** `DATABASE_URL` is PgBouncer's address, `DATABASE_DIRECT_URL` that of the server behind it. */
export const jobs = (env: NodeJS.ProcessEnv) =>
  JobsModule.forRoot({
    connection: env.DATABASE_URL!,
    directConnection: env.DATABASE_DIRECT_URL!,
  });
// #endregion pooler
