/** What came in, for the test. */
export const heard: string[] = [];

// #region relay
import { Relay } from 'bullmq';
import { createSqliteRelayBackend, sqlite } from 'bullmq-sqlite';

export const relay = new Relay({
  connection: sqlite('./data/jobs.sqlite'),
  backend: createSqliteRelayBackend,
});
await relay.subscribe('orders.*.paid', ({ topic }) => void heard.push(topic));
await relay.publish('orders.42.paid', { total: 12 }, { retain: 60_000 });
// #endregion relay
