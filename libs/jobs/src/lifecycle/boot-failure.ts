import type { Engine } from '../contracts/index.js';
import { JobsError, StoreUnreachableError } from '../errors/index.js';

/** What is asked of a store whose error is to be named. */
type Store = Pick<Engine, 'name' | 'address' | 'refusalOf' | 'isConnectionError'>;

const GIVE =
  'It answers, but refuses what is needed to start. Give the account the right, or the server the room.';

/**
 * The error that an application does not start for: one of a driver says neither which store it is
 * about, nor what to do.
 * @returns what is thrown in its place; the error itself when it is none of the store's
 * @internal
 */
export function bootFailure(store: Store, error: unknown): unknown {
  if (error instanceof JobsError) return error;
  const refusal = store.refusalOf(error);
  if (refusal === undefined && !store.isConnectionError(error)) return error;
  const reason = refusal?.reason ?? (error as Error).message;
  return new StoreUnreachableError(store.name, store.address, reason, {
    cause: error,
    ...(refusal?.lasts === true && { remedy: GIVE }),
  });
}
