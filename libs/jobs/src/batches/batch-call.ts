import type { HandlerRegistry } from '../discovery/index.js';
import { InvalidInvocationError } from '../errors/index.js';
import { show } from '../options/index.js';
import { deserializeArguments, serializeArguments } from '../payload/index.js';
import {
  recordInvocation,
  type BatchCallback,
  type BatchSummary,
  type JobPreparer,
  type PreparedJob,
} from '../scheduling/index.js';
import type { BatchEvent, StoredCall } from './batch-form.js';

/** A batch as far as it is known before it has ended. */
interface KnownBatch {
  readonly id: string;
  readonly name: string | undefined;
}

/**
 * Records a continuation of a batch. Its id is made of the batch's, so that enqueueing it twice stores it once.
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
  const summary = standIn(batch);
  const { methodName, args } = recordInvocation(type, wrap(call, summary));
  const { name, queue, attempts, priority } = registry.byMethod(type, methodName);
  const slots = args.flatMap((arg, index) => (arg === summary ? [index] : []));
  // Schemas are asked when it runs: the summary that they would have to accept is not known yet.
  const job = preparer.prepareByName(
    name,
    queue,
    args.map((arg) => (arg === summary ? null : arg)),
    { attempts, ...(priority !== undefined && { priority }) },
    0,
  );
  const id = `${batch.id}-${event}`;
  return { job: { ...job, id, opts: { ...job.opts, jobId: id } }, slots };
}

/** The continuation with the summary in its places. @internal */
export function completeCall({ job, slots }: StoredCall, summary: BatchSummary): PreparedJob {
  const args = [...deserializeArguments(job.data)];
  for (const slot of slots) args[slot] = summary;
  const { meta: _, ...rest } = job.data;
  return { ...job, data: { ...rest, ...serializeArguments(args, job, Infinity) } };
}

/** What is no function is refused by the recorder, in its words. */
function wrap(call: BatchCallback<object>[1], summary: BatchSummary): (service: object) => unknown {
  return typeof call === 'function' ? (service) => call(service, summary) : call;
}

/** What stands for the summary while a continuation is recorded. */
function standIn({ id, name }: KnownBatch): BatchSummary {
  return new Proxy({ id, name } as BatchSummary, {
    get: (known, key) =>
      key === 'id' || key === 'name' ? known[key] : refuse(`read "${String(key)}" of`),
    set: (_, key) => refuse(`set "${String(key)}" of`),
    ownKeys: () => refuse('passed on a copy, or a part, of'),
    getPrototypeOf: () => refuse('passed on something that contains'),
  });
}

function refuse(what: string): never {
  throw new InvalidInvocationError(
    `The callback ${what} the batch, whose end is not known yet; of its properties, id and name can be read. ` +
      'Pass it on as a whole argument, as in (s, batch) => s.report(batch), and read it in the handler.',
  );
}
