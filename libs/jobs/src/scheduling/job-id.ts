import { randomUUID } from 'node:crypto';
import { RESERVED_IDS } from '../options/index.js';

/**
 * A new job id: UUID version 7 (RFC 9562), so that ids sort by the time they were made. Made by the
 * caller and not by the store, so an add that is sent twice is stored once.
 * @internal
 */
export function newJobId(): string {
  const now = Date.now();
  if (now !== prefixOf) {
    const time = now.toString(16).padStart(12, '0');
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    prefixOf = now;
  }
  // A version 4 UUID has random bits and the variant where version 7 wants them.
  const random = randomUUID();
  return `${prefix}${random.slice(15, 18)}-${random.slice(19)}`;
}

let prefix = '';
let prefixOf = -1;

/**
 * Whether a job can have this id. On Redis an id is a part of a key, and some names there are BullMQ's
 * own: a job called `meta` would be the queue's settings. Ids of BullMQ's schedulers have colons.
 * @internal
 */
export function isReadableId(id: unknown): boolean {
  if (typeof id !== 'string' || id === '' || id.length > 512 || /\p{Cc}/u.test(id)) return false;
  return id.includes(':') ? /^repeat:.+:\d+$/.test(id) : !RESERVED_IDS.has(id);
}
