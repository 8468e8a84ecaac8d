import type { Transaction } from '../../store/index.js';
import { removeMeta, setMeta } from './queue-settings.js';

/** Stops the queue from handing out jobs, or lets it go on. The jobs stay in their lists. */
export function pauseQueue(transaction: Transaction, queueName: string, pause: boolean): void {
  const queue = transaction.change(queueName);
  if (pause) setMeta(transaction, queue, 'paused', '1');
  else removeMeta(transaction, queue, 'paused');
  transaction.emit(queue, pause ? 'paused' : 'resumed', null);
}
