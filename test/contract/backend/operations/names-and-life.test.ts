import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

describeBackends('names of a queue', (backend) => {
  backend.it(
    'names the queue and what belongs to it',
    async (store) => {
      const { backend: queue } = new QueueDriver(store);
      const { prefix } = store.connect();
      expect(queue.qualifiedName).toBe(`${prefix}:${store.queueName}`);
      expect(queue.toKey('one')).toBe(`${prefix}:${store.queueName}:one`);
      expect(queue.keys).toMatchObject({
        '': `${prefix}:${store.queueName}:`,
        wait: `${prefix}:${store.queueName}:wait`,
      });
      const encoded = Buffer.from(store.queueName).toString('base64');
      expect(queue.clientName(':w:me')).toBe(`${prefix}:${encoded}:w:me`);
      expect(queue.clientName()).toBe(`${prefix}:${encoded}`);
    },
    POSTGRES.noPrefix,
  );

  backend.it(
    'takes the key of a job apart',
    async (store) => {
      const { backend: queue } = new QueueDriver(store);
      const { prefix } = store.connect();
      expect(queue.parseNodeKey(queue.toKey('one'))).toEqual({
        prefix,
        queueName: store.queueName,
        id: 'one',
      });
      expect(queue.parseNodeKey('a:b:queue:7')).toEqual({
        prefix: 'a:b',
        queueName: 'queue',
        id: '7',
      });
    },
    POSTGRES.noPrefix,
  );

  backend.it('works on another queue through the same connection', async (store) => {
    const { backend: owner } = new QueueDriver(store);
    const other = new QueueDriver(store, { queueName: `${store.queueName}-other` });
    const sibling = owner.forQueue(other.queueName);
    expect(sibling.qualifiedName).toBe(other.backend.qualifiedName);
    await other.addAll('one');
    expect(await sibling.getState('one')).toBe('waiting');
    expect(await owner.getState('one')).toBe('unknown');
    await sibling.close();
    expect(await owner.getState('one')).toBe('unknown');
    expect(await sibling.getState('one')).toBe('waiting');
  });

  backend.it(
    'works on a queue of another prefix',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('one');
      const sibling = queue.backend.forQueue(queue.queueName, `${store.connect().prefix}-other`);
      expect(await sibling.getState('one')).toBe('unknown');
    },
    POSTGRES.noPrefix,
  );
});

describeBackends('life of a backend', (backend) => {
  backend.it('is ready, works, and closes once', async (store) => {
    const { backend: queue } = new QueueDriver(store);
    await queue.waitUntilReady();
    await queue.waitUntilReady();
    expect(queue.closing).toBeUndefined();
    const closing = queue.close();
    expect(queue.closing).toBeInstanceOf(Promise);
    await Promise.all([closing, queue.close()]);
  });

  backend.it('works at once, without being asked to be ready', async (store) => {
    const queue = new QueueDriver(store);
    expect(await queue.add()).toBe('1');
  });

  backend.it('tells those who listen when it is ready', async (store) => {
    const { backend: queue } = new QueueDriver(store);
    const told: string[] = [];
    const forget = () => told.push('forgotten');
    queue.on('ready', () => told.push('on'));
    queue.once('ready', () => told.push('once'));
    queue.on('ready', forget);
    queue.removeListener('ready', forget);
    await queue.waitUntilReady();
    await expect.poll(() => told, { interval: 3 }).toContain('on');
    expect(told.filter((name) => name === 'once')).toHaveLength(1);
    expect(told).not.toContain('forgotten');
  });

  backend.it(
    'finishes what it was asked to do before it closes',
    async (store) => {
      const queue = new QueueDriver(store);
      const other = new QueueDriver(store);
      await queue.backend.waitUntilReady();
      let added: string | undefined;
      void queue.add({ id: 'one' }).then((id) => (added = id));
      await queue.backend.close();
      await expect.poll(() => added, { interval: 3 }).toBe('one');
      expect(await other.state('one')).toBe('waiting');
    },
    POSTGRES.closingDropsCalls,
  );

  backend.it('leaves the jobs to others when it closes', async (store) => {
    const first = new QueueDriver(store);
    const second = new QueueDriver(store);
    await first.addAll('one');
    await first.backend.close();
    expect((await second.claim()).id).toBe('one');
  });

  backend.it(
    'gives up its connection, also in the midst of a wait',
    async (store) => {
      const listener = store.backend({ blocking: true });
      await listener.waitUntilReady();
      let isOver = false;
      void listener
        .readEvents('$', 15_000)
        .catch(() => null)
        .finally(() => (isOver = true));
      await listener.disconnect();
      await expect.poll(() => isOver, { interval: 3 }).toBe(true);
    },
    POSTGRES.earlyDisconnectIsMissed,
  );
});
