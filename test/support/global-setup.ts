import { resolve } from 'node:path';
import { provideServers } from './servers.js';

/** Runs once before all test files: finds or starts the shared servers; returns the teardown. */
export default function setup(): Promise<() => Promise<void>> {
  // Hundreds of processes load the same packages: Node compiles them once.
  process.env.NODE_COMPILE_CACHE ??= resolve('node_modules/.cache/node');
  return provideServers();
}
