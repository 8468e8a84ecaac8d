import { channel } from 'node:diagnostics_channel';

/**
 * Tells each step of hubs and of what they do on the channel `nestjs-jobs:hubs` of
 * `node:diagnostics_channel`, before the next one begins: for tests that kill the process there.
 * Costs nothing while nobody listens.
 * @internal
 */
const steps = channel('nestjs-jobs:hubs');

/** @param of the job or hub that it is about @internal */
export function tellStep(step: string, of: string): void {
  if (steps.hasSubscribers) steps.publish({ step, of });
}
