import type { BenchEngine } from './bench-engine.js';
import { memoryEngine } from './memory.engine.js';
import { postgresEngine } from './postgres.engine.js';
import { redisEngine } from './redis.engine.js';
import { sqliteEngine } from './sqlite.engine.js';

export type { BenchEngine, Isolation, RawBullmq, RawQueue, RawWorker } from './bench-engine.js';

/** Every engine that `--engine` and `--baseline` know. */
export const ENGINES: readonly BenchEngine[] = [
  redisEngine,
  postgresEngine,
  sqliteEngine,
  memoryEngine,
];

/** The engine of that name; arguments are checked before. */
export function engineNamed(name: string): BenchEngine {
  const engine = ENGINES.find((candidate) => candidate.name === name);
  if (!engine) throw new Error(`expected an engine, got "${name}"`);
  return engine;
}
