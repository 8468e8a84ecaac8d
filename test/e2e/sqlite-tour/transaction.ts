// #region transaction
import { DatabaseSync } from 'node:sqlite';
import { Queue } from 'bullmq';
import { sqlite, transactionBackend } from 'bullmq-sqlite';

/** Stores an order and its job, or neither. */
export function placeOrder(database: DatabaseSync, id: string): void {
  const connection = sqlite('./data/jobs.sqlite');
  const options = { connection, skipMetasUpdate: true };
  const invoices = new Queue('invoices', options, transactionBackend(database));
  database.exec('BEGIN IMMEDIATE');
  try {
    database.prepare('INSERT INTO orders (id) VALUES (?)').run(id);
    void invoices.add('draw', { id }); // has done its work when it returns
    database.exec('COMMIT'); // workers hear of the job now
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
// #endregion transaction
