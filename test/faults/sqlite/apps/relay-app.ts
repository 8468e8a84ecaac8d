import { Relay } from 'bullmq';
import { createSqliteRelayBackend, sqlite } from 'bullmq-sqlite';
import type { RelayAppConfig, RelayAppData, RelayOrder, RelayTold } from './relay-app.protocol.js';

/** A node of a relay on a file: does what it is told, and tells all that it hears. */
const { path, nodeId, leaseDuration = 30_000 } = JSON.parse(process.argv[2]!) as RelayAppConfig;
const relay = new Relay({
  connection: sqlite(path),
  backend: createSqliteRelayBackend,
  nodeId,
  leaseDuration,
});
relay.on('error', (error: Error) => tell({ type: 'error', message: error.message }));
relay.on('swept', (nodes: string[]) => tell({ type: 'swept', nodes }));
relay.on('recovered', () => tell({ type: 'recovered' }));

process.on('message', (order: RelayOrder) => void obey(order));
process.on('disconnect', () => process.exit());
await relay.waitUntilReady();
tell({ type: 'up' });

async function obey(order: RelayOrder): Promise<void> {
  switch (order.do) {
    case 'subscribe':
      await relay.subscribe<RelayAppData>(order.pattern, (message) =>
        tell({ type: 'message', message, at: Date.now() }),
      );
      tell({ type: 'subscribed', pattern: order.pattern });
      break;
    case 'publish':
      tell({ type: 'published', results: await publish(order) });
      break;
    case 'connections':
      tell({ type: 'connections', connections: await relay.getNodeConnections(order.nodeId) });
      break;
    case 'close':
      await relay.close();
      tell({ type: 'closed' });
      break;
  }
}

async function publish({
  topic,
  count,
  atOnce,
  retain = 0,
}: Extract<RelayOrder, { do: 'publish' }>) {
  const results = [];
  for (let first = 0; first < count; first += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, count - first) }, (_, at) => first + at);
    const published = numbers.map((number) => {
      const data: RelayAppData = { from: nodeId, number, at: Date.now() };
      return relay.publish(topic, data, { retain });
    });
    results.push(...(await Promise.all(published)));
  }
  return results;
}

function tell(told: RelayTold): void {
  process.send?.(told);
}
