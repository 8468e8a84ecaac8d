import { SuperJSON, type SuperJSONResult } from 'superjson';

/**
 * The one superjson instance of the library: its own, so that transformers which an application
 * registers on the global one cannot change the stored form.
 * @internal
 */
export const richJson = new SuperJSON();

richJson.registerCustom<Buffer, string>(
  {
    isApplicable: (value): value is Buffer => Buffer.isBuffer(value),
    serialize: (buffer) => buffer.toString('base64'),
    deserialize: (text) => Buffer.from(text, 'base64'),
  },
  'Buffer',
);

// superjson writes typed arrays as plain numbers: JSON has no NaN, -0 or big integers.
registerNumbers('Float32Array', Float32Array, Number);
registerNumbers('Float64Array', Float64Array, Number);
registerNumbers('BigInt64Array', BigInt64Array, BigInt);
registerNumbers('BigUint64Array', BigUint64Array, BigInt);

function registerNumbers<N extends number | bigint>(
  name: string,
  type: {
    new (length: number): { [index: number]: N; length: number };
    from(list: string[], map: (text: string) => N): object;
  },
  parse: (text: string) => N,
): void {
  richJson.registerCustom<object, string[]>(
    {
      isApplicable: (value): value is object => (value as object | null)?.constructor === type,
      serialize: (array) =>
        Array.from(array as ArrayLike<N>, (n) => (Object.is(n, -0) ? '-0' : String(n))),
      deserialize: (list) => type.from(list, parse),
    },
    name,
  );
}

/**
 * superjson's form of a value, without its notes of shared references: they come back as equal
 * copies. (Putting them back changes the order of Sets and loses elements: it replaces by
 * position.)
 */
export function serializeRichly(value: unknown): SuperJSONResult {
  const { json, meta } = richJson.serialize(value);
  if (meta?.referentialEqualities === undefined) return { json, meta };
  const { referentialEqualities: _, ...rest } = meta;
  return { json, meta: rest.values === undefined ? undefined : rest };
}
