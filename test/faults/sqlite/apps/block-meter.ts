import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Times that one piece of work held the event loop for, in ms. */
export interface Blocks {
  /** By the clock: with what other processes and the disk took in between. */
  blocks: number[];
  /** Of the processor: what the work itself took. */
  processorBlocks: number[];
}

/**
 * Measures what runs in `setImmediate`, which is where the store works, from now on; and the delay
 * of the event loop as a whole, whoever caused it.
 */
export function meterBlocks(): Blocks & { longestDelay(): number; stop(): void } {
  const blocks: number[] = [];
  const processorBlocks: number[] = [];
  const { setImmediate } = globalThis;
  const metered = (callback: (...args: unknown[]) => void, ...args: unknown[]): NodeJS.Immediate =>
    setImmediate(() => {
      const [wall, processor] = [performance.now(), process.cpuUsage()];
      callback(...args);
      const { user, system } = process.cpuUsage(processor);
      blocks.push(performance.now() - wall);
      processorBlocks.push((user + system) / 1_000);
    });
  globalThis.setImmediate = Object.assign(metered, setImmediate);
  const histogram = monitorEventLoopDelay({ resolution: 5 });
  histogram.enable();
  return {
    blocks,
    processorBlocks,
    longestDelay: () => histogram.max / 1e6,
    stop: () => void histogram.disable(),
  };
}
