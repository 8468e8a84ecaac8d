import { COMPOSITES } from './composite-calls.js';
import { isRecord, replaceText } from './plain-values.js';
import { type Call, PREFIX } from './recorded-call.js';
import { normalizeResult } from './known-differences.js';
import type { Side } from './side.js';

/** What became of a call on one side. */
export type Outcome =
  { value: unknown } | { error: { name: string; message: string; code: unknown } };

/** Makes a call on one side; its error is an outcome like any other. */
export async function perform(call: Call, side: Side): Promise<Outcome> {
  const args = replaceText(call.args, PREFIX, side.prefix) as unknown[];
  try {
    const composite = COMPOSITES[call.method];
    const value = await (composite
      ? composite(side, { ...call, args })
      : callMethod(side, call, args));
    return { value: normalizeResult(call.method, value, side.prefix) };
  } catch (error) {
    return { error: describe(error, side.prefix) };
  }
}

async function callMethod(side: Side, call: Call, args: unknown[]): Promise<unknown> {
  const backend = side.queue(call.queue);
  const method: unknown = Reflect.get(backend, call.method);
  if (typeof method !== 'function') throw new TypeError(`${call.method} is no method`);
  return Reflect.apply(method, backend, args) as unknown;
}

function describe(
  error: unknown,
  prefix: string,
): { name: string; message: string; code: unknown } {
  if (!(error instanceof Error))
    return { name: 'no Error', message: String(error), code: undefined };
  return {
    name: error.name,
    message: error.message.replaceAll(prefix, PREFIX),
    code: isRecord(error) ? error['code'] : undefined,
  };
}
