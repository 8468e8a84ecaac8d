import { SuperJSON } from 'superjson';

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
