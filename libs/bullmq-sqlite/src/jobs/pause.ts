import { NotWrittenYetError } from '../errors/index.js';
import type { Transaction } from '../store/index.js';

export function pauseQueue(_transaction: Transaction, _queueName: string, _pause: boolean): void {
  throw new NotWrittenYetError('pauseQueue');
}
