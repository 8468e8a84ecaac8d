import { EventEmitter } from 'node:events';
import type { QueueKeys, RedisConnection, RedisQueueBackend } from 'bullmq';

/** What is looked at of BullMQ. @internal */
export interface BullmqOnRedis {
  readonly QueueKeys: typeof QueueKeys;
  readonly RedisConnection: typeof RedisConnection;
  readonly RedisQueueBackend: typeof RedisQueueBackend;
}

/** A script and its keys and arguments, as they would be sent. @internal */
export interface Sent {
  readonly script: string;
  readonly args: readonly unknown[];
}

/** A job that was added, as `addJobToTransaction` was told of it. @internal */
export type Added = Parameters<RedisQueueBackend['addJobToTransaction']>;

/**
 * BullMQ's backend without a server: what it would send is noted, and answered with what is set.
 * @internal
 */
export class RedisRehearsal {
  readonly sent: Sent[] = [];
  readonly added: Added[] = [];
  reply: unknown = 0;
  readonly backend: RedisQueueBackend;

  constructor({ QueueKeys: Keys, RedisQueueBackend: Backend }: BullmqOnRedis) {
    const { sent, added } = this;
    const reply = (): unknown => this.reply;
    class NotingBackend extends Backend {
      override async execCommand(
        ...[, script, args]: Parameters<RedisQueueBackend['execCommand']>
      ) {
        sent.push({ script, args });
        return reply();
      }

      override addJobToTransaction(...job: Added): Promise<string> {
        added.push(job);
        return super.addJobToTransaction(...job);
      }
    }
    const keys = new Keys('seams');
    this.backend = new NotingBackend(
      connection() as never,
      'queue',
      keys.getKeys('queue'),
      (type) => keys.toKey('queue', type),
      { connection: {} },
    );
  }

  /** The name of a key, or what its name starts with. */
  key(name: string): string {
    return this.backend.toKey(name);
  }

  /** What is sent when something is done. */
  async sentBy(act: (backend: RedisQueueBackend) => unknown): Promise<readonly Sent[]> {
    const before = this.sent.length;
    await act(this.backend);
    return this.sent.slice(before);
  }
}

async function exec(): Promise<unknown> {
  return [[null, '1']];
}

/** With answers as those of a server that has what was asked for. */
function connection(): object {
  const client = { multi: () => ({ exec }), pipeline: () => ({ exec }) };
  return Object.assign(new EventEmitter(), {
    client: Promise.resolve(client),
    redisVersion: '7.0.0',
    databaseType: 'redis',
  });
}
