import {
  PayloadTooLargeError,
  UnserializableValueError,
  type JobLocation,
} from '../errors/index.js';
import { richJson, serializeRichly } from './rich-json.js';
import type { StoredPayload } from './stored-payload.js';
import { takeValue, TooManyPartsError, type TakenValue } from './storable-value.js';

/**
 * Turns the arguments of a call into their stored form, which shares nothing with them.
 * @param limit largest stored size, in bytes
 * @throws UnserializableValueError, PayloadTooLargeError
 * @internal
 */
export function serializeArguments(
  args: readonly unknown[],
  location: JobLocation,
  limit: number,
): Pick<StoredPayload, 'args' | 'meta'> {
  const { copy, rich, maxBytes } = take(args, location, limit);
  const payload = rich ? serializeRich(copy, location) : { args: copy };
  // Measuring means writing the JSON once more, so it is done only where the limit is in sight.
  if (rich || maxBytes > limit) {
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    if (bytes > limit) throw new PayloadTooLargeError(bytes, limit, location);
  }
  return payload;
}

function take(
  args: readonly unknown[],
  location: JobLocation,
  limit: number,
): TakenValue & { readonly copy: readonly unknown[] } {
  try {
    const { copy, ...found } = takeValue(args, 'args', location, limit);
    return { ...found, copy: copy as readonly unknown[] };
  } catch (error) {
    if (!(error instanceof TooManyPartsError)) throw error;
    throw new PayloadTooLargeError(limit + 1, limit, location, false);
  }
}

/**
 * Brings stored arguments back as they went in.
 * @throws whatever superjson says of annotations that do not fit; the caller knows the job
 * @internal
 */
export function deserializeArguments(payload: StoredPayload): readonly unknown[] {
  const args = payload.args ?? [];
  if (payload.meta === undefined) return args;
  return richJson.deserialize({ json: args as never, meta: payload.meta });
}

/**
 * The arguments as the handler will get them, for functions of the application that may change what
 * they are given.
 * @internal
 */
export function copyOfArguments({ args, meta }: StoredPayload): readonly unknown[] {
  return deserializeArguments(JSON.parse(JSON.stringify({ args, meta })) as StoredPayload);
}

function serializeRich(
  args: readonly unknown[],
  location: JobLocation,
): Pick<StoredPayload, 'args' | 'meta'> {
  try {
    const { json, meta } = serializeRichly(args);
    return { args: json as unknown as unknown[], meta };
  } catch (error) {
    // superjson refuses keys that could reach a prototype; its message names the key.
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnserializableValueError(
      'args',
      `a value that superjson refuses (${reason})`,
      location,
    );
  }
}
