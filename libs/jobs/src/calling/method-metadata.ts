import 'reflect-metadata';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * A method with the metadata of another that it stands in the place of: guards and roles of a
 * method that was wrapped must not be lost by that. What the method has itself counts more.
 * @internal
 */
export function withMetadataOf(other: object, method: object): object {
  if (other === method) return method;
  const call: Method = function (...args) {
    return (method as Method).apply(this, args);
  };
  Object.defineProperty(call, 'name', { value: (other as Method).name });
  for (const source of [other, method]) {
    for (const key of Reflect.getMetadataKeys(source))
      Reflect.defineMetadata(key, Reflect.getMetadata(key, source), call);
  }
  return call;
}
