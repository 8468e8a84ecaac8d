import { backlogScenario } from './backlog.scenario.js';
import { bootScenario } from './boot.scenario.js';
import { bulkScenario } from './bulk.scenario.js';
import { enqueueConcurrentScenario } from './enqueue-concurrent.scenario.js';
import { enqueueScenario } from './enqueue.scenario.js';
import { keyedScenario } from './keyed.scenario.js';
import { latencyScenario } from './latency.scenario.js';
import { recurringScenario } from './recurring.scenario.js';
import { processScenario } from './process.scenario.js';
import type { Scenario } from './scenario.js';

export { Meter } from './meter.js';
export type { Backlog, Sample } from './sample.js';
export { SLOW_ENGINE_ROUNDS, type Contestant, type Scenario } from './scenario.js';

/** Every scenario that `--scenario` knows. */
export const SCENARIOS: readonly Scenario[] = [
  enqueueScenario,
  enqueueConcurrentScenario,
  bulkScenario,
  processScenario,
  latencyScenario,
  bootScenario,
  backlogScenario,
  keyedScenario,
  recurringScenario,
];

/** The scenario of that name; arguments are checked before. */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (!scenario) throw new Error(`expected a scenario, got "${name}"`);
  return scenario;
}
