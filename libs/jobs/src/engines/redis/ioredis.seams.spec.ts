import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { assertIoredis } from './ioredis.seams.js';

const WHERE =
  'ioredis 6.0.0 is not what this version of nestjs-jobs was made for:\n  - inner parts';

describe('ioredis', () => {
  it('is as it is relied on', async () => {
    await expect(assertIoredis({ Redis })).resolves.toBeUndefined();
  });

  it('is refused when commands are sent another way', async () => {
    class Changed extends Redis {
      override async ping(): Promise<'PONG'> {
        return 'PONG';
      }
    }
    await expect(assertIoredis({ Redis: Changed })).rejects.toThrow(
      `${WHERE} of a client: commands that pass sendCommand expected ["ping"], got []`,
    );
  });

  it.each(['commandQueue', 'offlineQueue', 'reconnectTimeout'])(
    'is refused without %s',
    async (part) => {
      class Changed extends Redis {
        constructor(options: object) {
          super(options);
          Reflect.deleteProperty(this, part);
        }
      }
      await expect(assertIoredis({ Redis: Changed as never })).rejects.toThrow(WHERE);
    },
  );
});
