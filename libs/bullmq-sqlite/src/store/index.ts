export type { StoredEvent } from './event-buffer.js';
export type { Operation, WriteOptions } from './group-writer.js';
export type { JobStore } from './job-store.js';
export { QueueRecord, type State, STATES } from './queue-record.js';
export { type Row, Statements, type Value } from './statements.js';
export { openStore, type SqliteStore } from './sqlite-store.js';
export { acquireStore, releaseStore } from './store-registry.js';
export { DEFAULT_MAX_EVENTS, Transaction } from './transaction.js';
export type { Wait } from './wake-ups.js';
