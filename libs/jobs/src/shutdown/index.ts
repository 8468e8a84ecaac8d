export { ManagedServices } from './managed-services.js';
export { ShutdownSignals } from './shutdown-signals.js';
