import {
  getDefaultBackendFactory,
  setDefaultBackendFactory,
  type BackendFactory,
  type QueueBaseOptions,
} from 'bullmq';

const factories = new WeakMap<object, BackendFactory>();
let installed = false;

/**
 * Makes every BullMQ class that is constructed with this connection object, by whomever, use this
 * factory. `@nestjs/bullmq` and bull-board pass no factory on, but they do pass the connection.
 *
 * BullMQ has one process-wide default factory: it is set once, to a look-up that falls back to what
 * was the default before, so that other BullMQ classes in the process are not touched.
 * @internal
 */
export function registerConnection(connection: object, factory: BackendFactory): void {
  factories.set(connection, factory);
  if (installed) return;
  installed = true;
  const previous = getDefaultBackendFactory();
  setDefaultBackendFactory((name, opts, options) => {
    const own = factoryOf(opts);
    return (own ?? previous)(name, opts, options);
  });
}

/**
 * Forgets a connection object: classes constructed with it get BullMQ's default again. @internal
 */
export function unregisterConnection(connection: object): void {
  factories.delete(connection);
}

function factoryOf(opts: QueueBaseOptions | undefined): BackendFactory | undefined {
  const connection: unknown = opts?.connection;
  return typeof connection === 'object' && connection !== null
    ? factories.get(connection)
    : undefined;
}
