import {
  PayloadTooLargeError,
  UnserializableValueError,
  type JobLocation,
} from '../errors/index.js';
import { richJson, serializeRichly } from './rich-json.js';
import type { StoredPayload } from './stored-payload.js';
import { inspectValue } from './value-inspector.js';

/**
 * Turns the arguments of a call into their stored form.
 * @param limit largest stored size, in bytes
 * @throws UnserializableValueError, PayloadTooLargeError
 * @internal
 */
export function serializeArguments(
  args: readonly unknown[],
  location: JobLocation,
  limit: number,
): Pick<StoredPayload, 'args' | 'meta'> {
  const { rich, maxBytes } = inspectValue(args, 'args', location);
  const payload = rich ? serializeRich(args, location) : { args };
  // Measuring means writing the JSON once more, so it is done only where the limit is in sight.
  if (rich || maxBytes > limit) {
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    if (bytes > limit) throw new PayloadTooLargeError(bytes, limit, location);
  }
  return payload;
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
