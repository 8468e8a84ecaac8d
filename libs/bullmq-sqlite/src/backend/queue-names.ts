import { QueueKeys, type KeysMap } from 'bullmq';

/**
 * The names of a queue, equal to those on Redis, so that flows, bull-board and logs read the same.
 */
export class QueueNames {
  readonly qualified: string;
  readonly keys: KeysMap;
  readonly #prefix: string;

  constructor(
    prefix: string,
    private readonly queueName: string,
  ) {
    this.#prefix = prefix;
    const queueKeys = new QueueKeys(prefix);
    this.qualified = queueKeys.getQueueQualifiedName(queueName);
    this.keys = queueKeys.getKeys(queueName);
  }

  key(type: string): string {
    return `${this.qualified}:${type}`;
  }

  /** What a worker or an events listener of this queue is called in the list of clients. */
  clientName(suffix: string): string {
    return `${this.#prefix}:${Buffer.from(this.queueName).toString('base64')}${suffix}`;
  }
}

/** Takes `prefix:queue:id` apart. The prefix may hold colons, queue names and ids do not. */
export function parseNodeKey(key: string): { prefix: string; queueName: string; id: string } {
  const last = key.lastIndexOf(':');
  const middle = key.lastIndexOf(':', last - 1);
  if (last === -1 || middle === -1) {
    const [prefix = '', queueName = '', id = ''] = key.split(':');
    return { prefix, queueName, id };
  }
  return {
    prefix: key.slice(0, middle),
    queueName: key.slice(middle + 1, last),
    id: key.slice(last + 1),
  };
}
