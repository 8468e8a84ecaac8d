import { PostgresQueueBackend, RedisQueueBackend } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { SqliteQueueBackend } from '../backend/sqlite-queue-backend.js';
import { BullmqChangedError } from '../errors/index.js';
import { SqliteRelayBackend } from '../relay/sqlite-relay-backend.js';
import { assertContract, QUEUE_SEAM, RELAY_SEAM, type Backend } from './bullmq.seams.js';

/** Versions of BullMQ's backends with other methods. */
function changed(methods: object, base: Backend): Backend {
  const prototype = Object.create(base.prototype, Object.getOwnPropertyDescriptors(methods));
  return { prototype: prototype as object };
}

function refusal(redis: object, postgres: object): string {
  const models = [changed(redis, RedisQueueBackend), changed(postgres, PostgresQueueBackend)];
  try {
    assertContract({ ...QUEUE_SEAM, models }, SqliteQueueBackend);
  } catch (error) {
    expect(error).toBeInstanceOf(BullmqChangedError);
    return (error as Error).message;
  }
  return 'not refused';
}

describe("BullMQ's contract", () => {
  it('is as it is relied on', () => {
    expect(() => assertContract(QUEUE_SEAM, SqliteQueueBackend)).not.toThrow();
    expect(() => assertContract(RELAY_SEAM, SqliteRelayBackend)).not.toThrow();
  });

  it('is refused with a method that is new', () => {
    const drainAll = (): void => undefined;
    expect(refusal({ drainAll }, { drainAll })).toMatch(
      /^bullmq 6[^ ]* is not what .*\n {2}- the contract of queues and workers: drainAll expected of this backend, got nothing\nKnown/,
    );
  });

  it('is the same when one of its backends has a method of its own', () => {
    expect(refusal({ drainAll: () => undefined }, {})).toBe('not refused');
  });

  it('is refused with another number of parameters', () => {
    const moveToFailed = (): void => undefined;
    Object.defineProperty(moveToFailed, 'length', { value: 7 });
    expect(refusal({ moveToFailed }, {})).toContain('moveToFailed expected 6 parameters, got 7');
  });

  it('is refused without a method', () => {
    expect(refusal({}, { drain: undefined })).toContain(
      'drain expected in those of BullMQ, got nothing',
    );
  });

  it('is refused by a backend that lacks something', () => {
    const seam = { ...RELAY_SEAM };
    const less = { prototype: { publish: () => undefined } };
    expect(() => assertContract(seam, less)).toThrow('the contract of relays: subscribe expected');
  });
});
