/** What was sent, for the test. */
export const sent: string[] = [];

// #region queue
import { Queue, Worker } from 'bullmq';
import { createSqliteBackend, sqlite } from 'bullmq-sqlite';

const connection = sqlite('./data/jobs.sqlite'); // made if it is missing; ':memory:' for tests

export const mail = new Queue('mail', { connection }, createSqliteBackend);
export const worker = new Worker(
  'mail',
  send,
  { connection, concurrency: 10 },
  createSqliteBackend,
);

await mail.add('welcome', { to: 'ada@example.com' }, { attempts: 3, delay: 1_000 });
// #endregion queue

// A declaration, as the worker above is made before this line is reached.
async function send(job: { data: { to: string } }): Promise<void> {
  sent.push(job.data.to);
}
