export { bootFailure } from './boot-failure.js';
export { endsWithin, GOODBYE_MS, withDeadline } from './deadline.js';
export { MANAGED_SERVICES, type ManagedService } from './managed-service.js';
export { ManagedServices } from './managed-services.js';
export { NewerStoreWatch } from './newer-store-watch.js';
export { ShutdownSignals } from './shutdown-signals.js';
export { ShutdownState } from './shutdown-state.js';
export { StartContext } from './start-context.js';
