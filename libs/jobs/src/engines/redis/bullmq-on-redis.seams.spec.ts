import { RedisConnection, RedisQueueBackend } from 'bullmq';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LibraryChangedError } from '../../errors/index.js';
import { SafeRedisBackend } from './redis-backend.js';
import { assertBullmqOnRedis as assert, OVERRIDDEN_ON_REDIS } from './bullmq-on-redis.seams.js';
import type { BullmqOnRedis } from './redis-rehearsal.js';

type Exec = Parameters<RedisQueueBackend['execCommand']>;
type Add = Parameters<RedisQueueBackend['addJobToTransaction']>;

/** A backend that sends one script otherwise. */
function sending(changed: string, edit: (args: unknown[]) => unknown[]): Partial<BullmqOnRedis> {
  return {
    RedisQueueBackend: class extends RedisQueueBackend {
      constructor(...args: ConstructorParameters<typeof RedisQueueBackend>) {
        super(...args);
        const { execCommand } = this;
        this.execCommand = (...[client, script, sent]: Exec) =>
          execCommand.call(this, client, script, script === changed ? edit(sent) : sent);
      }
    },
  };
}

describe('BullMQ on Redis', () => {
  afterEach(() => void vi.useRealTimers());

  it('is as it is relied on', async () => {
    await expect(assert()).resolves.toBeUndefined();
  });

  it.each([0, 1, 12_000, -5, 1e12])('is so too where the clock says %i', async (now) => {
    vi.useFakeTimers({ toFake: ['Date'], now });
    await expect(assert()).resolves.toBeUndefined();
    const shifted = assert(sending('retryJob', (args) => ['another key', ...args]));
    await expect(shifted).rejects.toThrow('told the time: retryJob expected [12], got');
  });

  it.each([
    'addJobScheduler',
    'changeDelay',
    'cleanJobsInSet',
    'getCounts',
    'moveJobsToWait',
    'moveStalledJobsToWait',
    'moveToActive',
    'moveToDelayed',
    'moveToFinished',
    'moveToWaitingChildren',
    'releaseParentIfNoPendingDependencies',
    'retryJob',
    'updateJobScheduler',
  ])('is refused when %s has one more key', async (script) => {
    const refused = assert(sending(script, (args) => ['another key', ...args]));
    await expect(refused).rejects.toThrow(
      new RegExp(
        `bullmq 6[^ ]* is not what .*\\n(?:.*\\n)*.*where scripts are told the time: ${script} expected`,
      ),
    );
    await expect(refused).rejects.toThrow(LibraryChangedError);
  });

  it('is refused when a script is told a second time', async () => {
    const refused = assert(sending('retryJob', (args) => [...args, Date.now()]));
    await expect(refused).rejects.toThrow('retryJob expected [12], got [12,17]');
  });

  it('is refused when scripts are sent another way', async () => {
    class Direct extends RedisQueueBackend {
      override async moveToActive(): Promise<never[]> {
        return [];
      }
    }
    await expect(assert({ RedisQueueBackend: Direct })).rejects.toThrow(
      'moveToActive expected [12], got []',
    );
  });

  it('is refused when jobs are added another way', async () => {
    class Direct extends RedisQueueBackend {
      override async addJobs(): Promise<string[]> {
        return [];
      }
    }
    await expect(assert({ RedisQueueBackend: Direct })).rejects.toThrow(
      'how a job is added: calls of addJobToTransaction expected 3, got 2',
    );
  });

  it('is refused when a job is handed on at another place', async () => {
    class Shifted extends RedisQueueBackend {
      override async addJob(...[job, id]: Parameters<RedisQueueBackend['addJob']>) {
        const args = [{}, id, job] as unknown[];
        return this.addJobToTransaction(...(args as Add)).catch(() => '');
      }
    }
    await expect(assert({ RedisQueueBackend: Shifted })).rejects.toThrow(
      'how a job is added: the job of addJob expected 5, got',
    );
  });

  it('is refused when a claim answers otherwise', async () => {
    class Longer extends RedisQueueBackend {
      override async moveToActive(token: string): Promise<unknown[]> {
        const [job, id, limit, due] = await super.moveToActive(token);
        return [job, id, 0, limit, due];
      }
    }
    await expect(assert({ RedisQueueBackend: Longer })).rejects.toThrow(
      'what a claim answers: after the job expected ["1",2,3], got ["1",0,2,3]',
    );
  });

  it('is refused when a field is stored under another name', async () => {
    class Renamed extends RedisQueueBackend {
      override async moveToActive(token: string): Promise<unknown[]> {
        const [job, ...rest] = await super.moveToActive(token);
        return [{ ...(job as object), attemptsStarted: 0 }, ...rest];
      }
    }
    await expect(assert({ RedisQueueBackend: Renamed })).rejects.toThrow(
      'what a claim answers: "attemptsStarted" expected 3, got 0',
    );
  });

  it.each([
    ['extendLock', 'a lock'],
    ['removeDeduplicationKey', 'a unique key'],
    ['moveToActive', 'active jobs'],
  ])('is refused when %s has other keys', async (script, what) => {
    const refused = assert(sending(script, ([, ...rest]) => ['another', 'new', ...rest]));
    await expect(refused).rejects.toThrow(`names of keys: ${what} expected`);
  });

  it('is refused when "promote" has another key', async () => {
    const refused = assert(sending('promote', (args) => args.with(2, 'another')));
    await expect(refused).rejects.toThrow('the script "promote": keys and arguments expected');
  });

  it.each([
    ['is gone', () => undefined, 'its text expected true, got false'],
    ['is loaded another way', undefined, 'its text expected true, got false'],
    [
      'has fewer keys',
      function (this: { _client: { defineCommand(name: string, script: object): void } }) {
        this._client.defineCommand('promote:', { lua: 'return 0', numberOfKeys: 8 });
      },
      'its keys expected 9, got 8',
    ],
  ])('is refused when "promote" %s', async (_what, loadCommands, words) => {
    const changed = { prototype: { ...members(RedisConnection.prototype), loadCommands } };
    await expect(assert({ RedisConnection: changed as never })).rejects.toThrow(words);
  });

  it.each(['redisVersion', 'reconnect'])('is refused without a member %s', async (name) => {
    const prototype = Object.create(
      null,
      Object.getOwnPropertyDescriptors(RedisConnection.prototype),
    ) as Record<string, unknown>;
    delete prototype[name];
    await expect(assert({ RedisConnection: { prototype } as never })).rejects.toThrow(
      `members of the connection: ${name} expected`,
    );
  });

  it('is refused with what went wrong when it cannot be tried out', async () => {
    await expect(assert({ QueueKeys: undefined as never })).rejects.toThrow(
      'where scripts are told the time: expected that it can be tried out, got Keys is not a constructor',
    );
  });

  it('is looked at for each method that is overridden', () => {
    const overridden = Object.getOwnPropertyNames(SafeRedisBackend.prototype).filter(
      (name) => name !== 'constructor' && name in RedisQueueBackend.prototype,
    );
    expect(Object.keys(OVERRIDDEN_ON_REDIS)).toEqual(overridden.toSorted());
  });

  it('is refused when a method that is overridden has one more parameter', async () => {
    class Changed extends RedisQueueBackend {}
    const moveToFailed = (...args: unknown[]): unknown =>
      RedisQueueBackend.prototype.moveToFailed.apply(Changed.prototype, args as never);
    Object.defineProperty(moveToFailed, 'length', { value: 7 });
    Object.assign(Changed.prototype, { moveToFailed });
    await expect(assert({ RedisQueueBackend: Changed })).rejects.toThrow(
      'parameters of methods: moveToFailed expected 6, got 7',
    );
  });
});

function members(prototype: object): object {
  return Object.defineProperties({}, Object.getOwnPropertyDescriptors(prototype));
}
