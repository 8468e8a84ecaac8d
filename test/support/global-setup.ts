import { provideServers } from './servers.js';

/** Runs once before all test files: finds or starts the shared servers; returns the teardown. */
export default function setup(): Promise<() => Promise<void>> {
  return provideServers();
}
