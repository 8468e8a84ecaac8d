import { hostname } from 'node:os';
import { mayBeAlive } from '../../connection/index.js';
import type { Transaction } from '../../store/index.js';

/** A client that was not seen for this long, in ms, is gone. */
const GONE_AFTER_MS = 60_000;

const REGISTER = `INSERT INTO client (id, name, host, process, connected_at, seen_at)
  VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, seen_at = excluded.seen_at`;
const FORGET_GONE = 'DELETE FROM client WHERE seen_at < ?';
const UNREGISTER = 'DELETE FROM client WHERE id = ?';
const LIST = `SELECT id, name, host, process, connected_at FROM client WHERE seen_at >= ?
  ORDER BY connected_at, id`;

interface Client {
  id: string;
  name: string;
  host: string;
  process: number;
  connected_at: number;
}

/** Lists a worker or an events listener of this process, or says that it is still there. */
export function registerClient(transaction: Transaction, id: string, name: string): void {
  const now = transaction.steadyNow();
  transaction.run(FORGET_GONE, now - GONE_AFTER_MS);
  transaction.run(REGISTER, id, name, hostname(), process.pid, now, now);
}

/** Takes it off the list. */
export function unregisterClient(transaction: Transaction, id: string): void {
  transaction.run(UNREGISTER, id);
}

/**
 * The list in the form of Redis's CLIENT LIST, which BullMQ parses: one line a client. A process
 * that was killed could not take itself off it and is left out.
 */
export function clientList(transaction: Transaction): string {
  const now = transaction.steadyNow();
  return transaction
    .all<Client>(LIST, now - GONE_AFTER_MS)
    .filter((client) => mayBeAlive(client.host, client.process))
    .map(({ id, name, process: pid, connected_at: since }) => {
      const age = Math.floor((now - since) / 1_000);
      return `id=${id} addr=${pid} name=${name} age=${age}`;
    })
    .join('\n');
}
