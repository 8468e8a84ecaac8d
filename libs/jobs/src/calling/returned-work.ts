import { types } from 'node:util';
import { defaultIfEmpty, isObservable, lastValueFrom, Observable } from 'rxjs';
import { UndoneWorkError } from '../errors/index.js';
import { currentJob } from './current-job.js';

/**
 * What is to be waited for when a handler has returned. A promise is work that goes on, and so is
 * whatever has a `then()`, as queries of Prisma, knex and mongoose have, of which some could be
 * looped over too; an Observable is work that begins when somebody subscribes, which Nest does with
 * what a controller returns. To be called in the context of the job.
 * @returns the value; of an Observable its last one, undefined when it has none. Rejects with
 *   UndoneWorkError
 * @internal
 */
export function doneBy(returned: unknown): Promise<unknown> {
  return Promise.resolve(returned).then(lastValueOf);
}

/**
 * The same for Nest's interceptors, which subscribe themselves and see each value of an Observable.
 * @internal
 */
export function intercepted(returned: unknown): Promise<unknown> {
  return Promise.resolve(returned).then(work);
}

function lastValueOf(returned: unknown): unknown {
  const value = work(returned);
  return isObservable(value) ? lastValueFrom(value) : value;
}

function work(returned: unknown): unknown {
  if (typeof returned !== 'object' || returned === null) return returned;
  if (isObservable(returned)) return untilAborted(returned).pipe(defaultIfEmpty(undefined));
  // Nobody would loop over it, so that the job would be completed with its work never done.
  if (types.isGeneratorObject(returned))
    throw new UndoneWorkError('a generator', currentJob.getStore());
  if (Symbol.asyncIterator in returned)
    throw new UndoneWorkError('an async iterable', currentJob.getStore());
  return returned;
}

/** An Observable that is unsubscribed from, and fails with the reason, when the job is aborted. */
function untilAborted(source: Observable<unknown>): Observable<unknown> {
  const signal = currentJob.getStore()?.signal;
  if (signal === undefined) return source;
  return new Observable((subscriber) => {
    const onAbort = (): void => subscriber.error(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    subscriber.add(() => signal.removeEventListener('abort', onAbort));
    subscriber.add(source.subscribe(subscriber));
  });
}
