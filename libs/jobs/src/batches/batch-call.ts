import type { HandlerRegistry } from '../discovery/index.js';
import { InvalidEnqueueOptionsError, InvalidInvocationError } from '../errors/index.js';
import { show } from '../options/index.js';
import { deserializeArguments, serializeArguments } from '../payload/index.js';
import {
  recordInvocation,
  UnknownValueError,
  wordsOfRead,
  type JobPreparer,
  type PreparedJob,
  type UnknownUse,
} from '../enqueueing/index.js';
import type { BatchCallback, BatchSummary } from './batch.js';
import type { BatchEvent, StoredCall, StoredSlot } from './stored-batch.js';

/** A batch as far as it is known before it has ended. */
interface KnownBatch {
  readonly id: string;
  readonly name: string | undefined;
}

const UNIQUE_AFTER_BATCH =
  'expected a job outside a batch for `unique`: another job may be in its place when the batch ends. Enqueue it in the ' +
  'method that continues the batch';

/**
 * Records a continuation of a batch. Its id is made of the batch's, so that enqueueing it twice
 * stores it once.
 * @throws InvalidInvocationError, and as `enqueue` for the call
 * @internal
 */
export function recordCall(
  batch: KnownBatch,
  event: BatchEvent,
  callback: unknown,
  { registry, preparer }: { registry: HandlerRegistry; preparer: JobPreparer },
): StoredCall {
  if (!Array.isArray(callback) || callback.length !== 2) {
    throw new InvalidInvocationError(
      `Expected a class and a callback as in [ReportService, (s, batch) => s.report(batch)], got ${show(callback)}.`,
    );
  }
  const [type, call] = callback as unknown as BatchCallback<object>;
  const stand = new StandIn(batch);
  const { methodName, args } = recordInvocation(type, wrap(call, stand.summary));
  const { name, queue, attempts, priority, unique } = registry.byMethod(type, methodName);
  if (unique !== undefined)
    throw new InvalidEnqueueOptionsError([UNIQUE_AFTER_BATCH], { name, queue });
  const slots = args.flatMap((arg, index) => stand.slotOf(arg, index));
  // Schemas are asked when it runs: the summary that they would have to accept is not known yet.
  const job = preparer.prepareByName(
    name,
    queue,
    args.map((arg, index) => (slots.some((slot) => slot.arg === index) ? null : arg)),
    { attempts, ...(priority !== undefined && { priority }) },
    0,
  );
  return { job: { ...job, id: `${batch.id}-${event}` }, slots };
}

/** The continuation with the summary in its places. @internal */
export function completeCall({ job, slots }: StoredCall, summary: BatchSummary): PreparedJob {
  const args = [...deserializeArguments(job.data)];
  for (const { arg, property } of slots)
    args[arg] = property === undefined ? summary : summary[property];
  const { meta: _, ...rest } = job.data;
  return { ...job, data: { ...rest, ...serializeArguments(args, job, Infinity) } };
}

/** What is no function is refused by the recorder, in its words. */
function wrap(call: BatchCallback<object>[1], summary: BatchSummary): (service: object) => unknown {
  return typeof call === 'function' ? (service) => call(service, summary) : call;
}

/** Stands for the summary, and for its properties, while a continuation is recorded. */
class StandIn {
  readonly summary: BatchSummary;
  private readonly parts = new Map<unknown, StoredSlot['property']>();

  constructor({ id, name }: KnownBatch) {
    this.summary = this.part(undefined, (key) => {
      if (key === 'id') return id;
      if (key === 'name') return name;
      const property = SUMMARY_PROPERTIES.find((one) => one === key);
      if (property === undefined) return refuse('batch', wordsOfRead(key));
      const partName = `batch.${property}`;
      return this.part(property, (part) => refuse(partName, wordsOfRead(part)));
    }) as BatchSummary;
  }

  slotOf(arg: unknown, index: number): StoredSlot[] {
    if (!this.parts.has(arg)) return [];
    const property = this.parts.get(arg);
    return [{ arg: index, ...(property && { property }) }];
  }

  private part(property: StoredSlot['property'], get: (key: string | symbol) => unknown): object {
    const name = property === undefined ? 'batch' : `batch.${property}`;
    const part = new Proxy(
      {},
      {
        get: (_, key) => get(key),
        set: () => refuse(name, (it) => `changed ${it}`),
        ownKeys: () => refuse(name, (it) => `copied ${it}`),
        getPrototypeOf: () => refuse(name, (it) => `passed on something that contains ${it}`),
      },
    );
    this.parts.set(part, property);
    return part;
  }
}

const SUMMARY_PROPERTIES = [
  'state',
  'total',
  'completed',
  'failed',
  'cancelled',
  'createdAt',
  'finishedAt',
] as const satisfies readonly (keyof BatchSummary)[];

function refuse(name: string, what: UnknownUse['what']): never {
  throw new UnknownValueError({
    what,
    name,
    pass: name,
    parameter: 'batch',
    meaning: 'how the batch ends',
  });
}
