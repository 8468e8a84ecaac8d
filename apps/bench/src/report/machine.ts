import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';
import type { BenchEngine } from '../engines/index.js';

/**
 * What the figures depend on, a fact a line.
 * @throws Error when an engine's store does not answer
 */
export async function describeMachine(engines: readonly BenchEngine[]): Promise<string> {
  const processors = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const { version } = createRequire(import.meta.url)('bullmq/package.json') as { version: string };
  const lines = [
    `Node ${process.versions.node}, BullMQ ${version}`,
    `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}, ${memory} GiB`,
  ];
  lines.push(describeLoad(0));
  for (const engine of engines) lines.push(await engine.describe());
  return lines.join('\n');
}

/**
 * How busy the machine is with other work.
 * @param own how many processors the benchmark has kept busy: 0 before it, up to 2 after it
 */
export function describeLoad(own: number): string {
  const [minute = 0] = loadavg();
  const processors = cpus().length;
  const isBusy = minute - own > processors / 4;
  const warning = isBusy
    ? ': other work disturbs; trust CPU time, and repeat when it is quiet'
    : '';
  return `load ${minute.toFixed(1)} on ${processors} processors${warning}`;
}
