import type { JobHandle, JobScheduler } from 'nestjs-jobs';
import type pg from 'pg';
import { EmailService } from './email.service.js';

export async function placeOrder(
  pool: pg.Pool,
  jobs: JobScheduler,
  id: string,
): Promise<JobHandle<string>> {
  // #region transaction
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('INSERT INTO tour_orders (id) VALUES ($1)', [id]);
    const job = await jobs.withTransaction(client).enqueue(EmailService, (s) => s.sendWelcome(id));
    await client.query('COMMIT'); // the job exists from here on; after a ROLLBACK it never did
    return job;
  } finally {
    client.release();
  }
  // #endregion transaction
}
