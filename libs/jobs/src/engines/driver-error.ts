import { hideSecrets } from '../options/index.js';

/**
 * A driver's error without what looks like credentials in an address, in its words and in what
 * hangs on it: loggers print all of that. Each error of an attempt to connect goes through this
 * before anyone else sees it.
 * @internal
 */
export function withoutSecrets<Failure>(error: Failure): Failure {
  hideIn(error, new Set());
  return error;
}

function hideIn(value: unknown, seen: Set<unknown>): void {
  if (!(value instanceof Error) || seen.has(value)) return;
  seen.add(value);
  const { message, stack } = value;
  const fields = value as unknown as Record<string, unknown>;
  for (const name of Object.getOwnPropertyNames(value)) {
    const field = fields[name];
    // What stands before "@" in a stack is mostly the path of a package.
    if (typeof field === 'string' && name !== 'stack') put(fields, name, hideSecrets(field));
    for (const one of Array.isArray(field) ? field : [field]) hideIn(one, seen);
  }
  if (stack !== undefined)
    put(
      fields,
      'stack',
      stack.replaceAll(message, () => value.message),
    );
}

function put(fields: Record<string, unknown>, name: string, text: string): void {
  if (fields[name] !== text) Object.defineProperty(fields, name, { value: text });
}
