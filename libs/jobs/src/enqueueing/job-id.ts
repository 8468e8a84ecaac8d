import { randomUUID } from 'node:crypto';
import { RESERVED_IDS } from '../options/index.js';

/**
 * A new job id: UUID version 7, so that ids sort by the time they were made; those of one process
 * and millisecond are counted (RFC 9562, section 6.2, method 1). Made by the caller and not by the
 * store, so an add that is sent twice is stored once.
 * @internal
 */
export function newJobId(): string {
  const now = Date.now();
  if (now !== madeAt || count === COUNTS) startCounting(now);
  return `${time}${(COUNTS + count++).toString(16).slice(1)}${random}`;
}

/** What 12 bits can count. */
const COUNTS = 0x1000;

let madeAt = -1;
let count = 0;
let time = '';
let random = '';

/** Random bits are made anew each millisecond: they are most of what an id costs. */
function startCounting(now: number): void {
  if (now !== madeAt) {
    const hex = now.toString(16).padStart(12, '0');
    time = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
  }
  // A version 4 UUID has random bits and the variant where version 7 wants them.
  random = randomUUID().slice(18);
  madeAt = now;
  count = 0;
}

/**
 * Whether a job can have this id. On Redis an id is a part of a key, and some names there are
 * BullMQ's own: a job called `meta` would be the queue's settings. Ids of BullMQ's schedulers have
 * colons.
 * @internal
 */
export function isReadableId(id: unknown): boolean {
  if (typeof id !== 'string' || id === '' || id.length > 512 || /\p{Cc}/u.test(id)) return false;
  return id.includes(':') ? /^repeat:.+:\d+$/.test(id) : !RESERVED_IDS.has(id);
}
