import { hideSecrets, show } from '../options/index.js';

/** Names the kind of thing, never its contents: they may hold a password. @internal */
export function describeObject(value: unknown): string {
  if (typeof value === 'function')
    return hideSecrets(`the class or function ${value.name || '(without a name)'}`);
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' ? 'a text' : show(value);
  const type = Object.getPrototypeOf(value)?.constructor?.name as string | undefined;
  if (type !== undefined && type !== 'Object') return hideSecrets(`an instance of ${type}`);
  const keys = Object.keys(value);
  return keys.length === 0
    ? 'an empty object'
    : `an object with ${keys.map(hideSecrets).join(', ')}`;
}
