import { isInCycle } from './family-cycles.js';
import type { Call, SideOptions } from './recorded-call.js';
import type { Side } from './side.js';

/**
 * Says why a call is left out of the comparison, or undefined. It may look at the reference's
 * state.
 */
type Rule = (call: Call, reference: Side, options: SideOptions) => Promise<string | undefined>;

/**
 * removeJobWithChildren.lua follows the children of a job that is its own descendant until its
 * stack is full.
 */
const ofEndlessFamily: Rule = async ({ queue, args: [jobId] }, reference) =>
  (await isInCycle(reference, queue, String(jobId)))
    ? 'the removal of a job that is its own descendant overflows the stack'
    : undefined;

/**
 * addJobScheduler.lua goes wrong where an older run is in its way that no scheduler, or not this
 * one, waits for.
 */
const whatSchedulersLeave: Rule = async ({ queue, args: [id, next] }, reference) => {
  const backend = reference.queue(queue);
  const [waiting = []] = await backend.getRanges(['wait'], 0, -1);
  const isWaiting = [...waiting].some((jobId) => jobId.startsWith(`repeat:${String(id)}:`));
  if (isWaiting && (await backend.hasQueueMetaField('paused'))) {
    // It searches such jobs where older versions of BullMQ had them.
    return "addJobScheduler leaves a paused queue's waiting run behind";
  }
  const runId = `repeat:${String(id)}:${String(next)}`;
  const [, planned] = await backend.getJobScheduler(String(id));
  if (planned !== null && planned !== String(next) && (await backend.getJobData(runId))) {
    return 'addJobScheduler writes the new run over a stored job when it replaces another run';
  }
  return undefined;
};

/** Faults of BullMQ's Redis scripts that nobody should have to repeat. */
const LEFT_OUT: Readonly<Record<string, Rule>> = {
  /**
   * removeListJobs.lua trims as many entries off the head of the wait list as it removed jobs; when
   * it spared the job of a scheduler, a removed job's id stays in the list and the spared one may
   * be lost.
   */
  async drain(call, reference) {
    const [waiting = []] = await reference.queue(call.queue).getRanges(['wait'], 0, -1);
    const spared = [...waiting].some((jobId) => jobId.startsWith('repeat:'));
    return spared ? "drain loses a scheduler's waiting job" : undefined;
  },

  addJobScheduler: whatSchedulersLeave,

  /**
   * obliterate-2.lua spares jobs that wait for their children and starts the ids again at 1: a job
   * that gets the id of a spared one is written over it.
   */
  async obliteratePaused({ queue }, reference) {
    const [spared = []] = await reference.queue(queue).getRanges(['waiting-children'], 0, -1);
    const isNumbered = [...spared].some((jobId) => /^\d+$/.test(jobId));
    return isNumbered ? 'obliterate lets later jobs take the ids of those it spares' : undefined;
  },

  remove: ofEndlessFamily,
  removeUnprocessedChildren: ofEndlessFamily,

  /** removeOrphanedJobs takes the key metrics:failed for a job called "metrics" and deletes it. */
  removeOrphanedJobs(_call, _reference, options) {
    return Promise.resolve(options.metrics && 'removeOrphanedJobs deletes the metrics');
  },
};

/** Why both sides skip this call; undefined when they make it. */
export async function whyNotCompared(
  call: Call,
  reference: Side,
  options: SideOptions,
): Promise<string | undefined> {
  return LEFT_OUT[call.method]?.(call, reference, options);
}
